package identity

import "time"

// Profile is what the directory of an organisation says of a person, as Graph gives it with User.Read.
type Profile struct {
	Person     Person
	Name       string
	Mail       string
	UPN        string
	JobTitle   string
	Department string
	Office     string
	Phone      string
	// Read is when it was read.
	Read time.Time
}
