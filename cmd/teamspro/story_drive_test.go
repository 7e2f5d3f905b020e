package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"teamspro/internal/image"
)

// drive does something to a file behind everybody's back: "drive change team 'Papers/Read me.txt'". With put and change a
// size may follow, "drive put team General/new.png 640x480", for a picture of it. Who does it is the person of the story.
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

// ref names a file in buttons, as the drives of the sandbox know it: whoever may see it.
func (s *story) ref(drive, path string) (string, error) {
	for _, person := range []string{"ana", "ben", "chloe"} {
		var all struct {
			Drives []struct {
				Key, ID string
				Items   []struct{ ID, Path string }
			}
		}
		if err := s.get("/api/drive?as="+person, &all); err != nil {
			return "", err
		}
		for _, d := range all.Drives {
			for _, i := range d.Items {
				if d.Key == drive && i.Path == path {
					return image.ItemRef{Drive: d.ID, Item: i.ID}.String(), nil
				}
			}
		}
	}
	return "", fmt.Errorf("nobody sees %s in %s", path, drive)
}

// forge presses a button on the message in sight that is not there.
func (s *story) forge(args []string) error {
	verb := strings.NewReplacer("{key}", s.kept, "{id}", "b!notHandedOut~01NOTHANDEDOUT").Replace(args[0])
	if len(args) > 2 {
		ref, err := s.ref(args[1], args[2])
		if err != nil {
			return err
		}
		verb = strings.ReplaceAll(verb, "{ref}", ref)
	}
	all, err := s.botMessages()
	if err != nil || len(all) == 0 {
		return fmt.Errorf("no message to press on: %w", err)
	}
	s.message = all[len(all)-1].ID
	return s.execute(map[string]any{"type": "Action.Execute", "title": verb, "verb": verb, "data": map[string]any{}}, "manual")
}

// keep remembers the id behind a button.
func (s *story) keep(args []string) error {
	button, err := s.button(args[0])
	if err != nil {
		return err
	}
	parts := strings.Split(fmt.Sprint(button["verb"]), "/")
	if len(parts) < 2 {
		return fmt.Errorf("%q is the path %q", args[0], parts)
	}
	s.kept = parts[1]
	return nil
}

// throttled lets an operation answer 429 for long.
func (s *story) throttled(args []string) error {
	return s.post("/api/faults", map[string]any{"op": args[0], "status": http.StatusTooManyRequests, "count": 1000, "retryAfter": args[1]}, nil)
}

func (s *story) calm([]string) error {
	req, err := http.NewRequest(http.MethodDelete, s.page+"/api/faults", nil)
	if err != nil {
		return err
	}
	return s.ordered(req)
}

// draw has the sandbox draw a file before anybody waits for it: with the race detector a large one takes seconds.
func (s *story) draw(args []string) error {
	res, err := http.Get(s.page + "/api/drive/file?" + url.Values{"as": {s.person}, "drive": {args[0]}, "path": {args[1]}}.Encode())
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n == 0 || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%d bytes of %s, %s, %w", n, args[1], res.Status, err)
	}
	return nil
}

// withdraw takes back what people have allowed.
func (s *story) withdraw([]string) error {
	req, err := http.NewRequest(http.MethodDelete, s.page+"/api/consents", nil)
	if err != nil {
		return err
	}
	return s.ordered(req)
}

func (s *story) ordered(req *http.Request) error {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return decode(req.URL.Path, res, nil)
}

func (s *story) cut(args []string) error {
	bytes, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	return s.post("/api/faults", map[string]any{"op": args[0], "cutAfter": bytes, "count": count}, nil)
}

// within tells whether the step before took no longer than so many seconds.
func (s *story) within(args []string) error {
	seconds, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if limit := time.Duration(seconds) * time.Second; s.took > limit {
		return fmt.Errorf("it took %s", s.took)
	}
	return nil
}
