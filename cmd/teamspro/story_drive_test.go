package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// drive does something to a file behind everybody's back: "drive change team 'Papers/Read me.txt'". With put and change a
// size may follow, "drive put team General/new.png 640x480", for a picture of it. It is Ben who does it.
func (s *story) drive(args []string) error {
	act := map[string]any{"do": args[0]}
	if len(args) > 2 {
		act["drive"], act["path"] = args[1], args[2]
	}
	if len(args) > 3 {
		data, err := drawn(args[3])
		if err != nil {
			return err
		}
		act["base64"] = base64.StdEncoding.EncodeToString(data)
	}
	return s.post("/api/drive", act, nil)
}

// fails lets the next calls of an operation of Graph fail: "fails write 412 1".
func (s *story) fails(args []string) error {
	status, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	return s.post("/api/faults", map[string]any{"op": args[0], "status": status, "count": count, "retryAfter": 1}, nil)
}

// lies tells that the person sees a file in a drive, with so many versions: "lies team General/new.png 1". With no versions
// there is none.
func (s *story) lies(args []string) error {
	want, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var all struct {
		Drives []struct {
			Key   string
			Items []struct {
				Path     string
				Versions []struct{ ID string }
			}
		}
	}
	if err := s.get("/api/drive?as="+url.QueryEscape(s.person), &all); err != nil {
		return err
	}
	found := 0
	for _, d := range all.Drives {
		for _, i := range d.Items {
			if d.Key == args[0] && i.Path == args[1] {
				found = len(i.Versions)
			}
		}
	}
	if found != want {
		return fmt.Errorf("%s in %s has %d versions, not %d", args[1], args[0], found, want)
	}
	if want == 0 {
		return nil
	}
	res, err := http.Get(s.page + "/api/drive/file?as=" + s.person + "&drive=" + args[0] + "&path=" + url.QueryEscape(args[1]))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s cannot be read: %s", args[1], res.Status)
	}
	return nil
}
