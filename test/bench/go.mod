// The bench is a module of its own, so that what it measures beside teamspro stays out of teamspro's.
module teamspro/test/bench

go 1.26.0

require (
	github.com/golang-jwt/jwt/v5 v5.3.1
	golang.org/x/text v0.43.0
	teamspro v0.0.0
)

require (
	github.com/nyaruka/phonenumbers v1.8.1 // indirect
	go.etcd.io/bbolt v1.5.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace teamspro => ../..
