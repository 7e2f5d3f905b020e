package store

import (
	"bytes"
	"time"

	"go.etcd.io/bbolt"

	"teamspro/internal/identity"
	"teamspro/internal/notice"
)

// sendingMark stands behind the time of a notice that is being sent.
const sendingMark = 's'

// noticeRecord is notice.Notice without its id, which is the key, and its tenant. Whether a notice waits or is being sent
// is said by bucketDue, so that beginning to send writes few bytes; a notice that is not there is final, and State says how
// it ended. Then it does not say any more what had been gathered.
type noticeRecord struct {
	Key          string           `json:"key,omitempty"`
	Conversation string           `json:"conversation,omitempty"`
	Product      string           `json:"product,omitempty"`
	Team         string           `json:"team,omitempty"`
	Person       string           `json:"person,omitempty"`
	Op           string           `json:"op"`
	Of           string           `json:"of,omitempty"`
	Activity     string           `json:"activity,omitempty"`
	Gathering    *gatheringRecord `json:"gathering,omitempty"` // of the same place
	Announcement string           `json:"announcement,omitempty"`
	Version      int              `json:"version,omitempty"`
	Lost         string           `json:"lost,omitempty"`
	Due          time.Time        `json:"due"`
	State        string           `json:"state,omitempty"`
	Tries        int              `json:"tries,omitempty"`
	Again        bool             `json:"again,omitempty"`
	Why          string           `json:"why,omitempty"`
	At           time.Time        `json:"at"`
}

func newNotice(n *notice.Notice) noticeRecord {
	r := noticeRecord{Key: n.Key, Conversation: string(n.Conversation), Product: n.Product, Team: n.Team, Person: string(n.Person), Op: string(n.Op),
		Of: n.Of, Activity: n.Activity, Announcement: n.Content.Announcement, Version: n.Content.Version, Lost: string(n.Content.Lost),
		Due: n.Due.UTC(), Tries: n.Tries, Again: n.Again, Why: n.Why, At: n.At.UTC()}
	if n.State.Final() {
		r.State = string(n.State)
	} else {
		r.Gathering = whenSet(n.Content.Gathering, newGathering)
	}
	return r
}

func (r *noticeRecord) notice(t identity.Tenant, id string) notice.Notice {
	place := notice.Place{Conversation: identity.Conversation(r.Conversation), Product: r.Product}
	n := notice.Notice{Tenant: t, ID: id, Key: r.Key, Place: place, Team: r.Team, Person: identity.Person(r.Person), Op: notice.Op(r.Op), Of: r.Of,
		Activity: r.Activity, Content: notice.Content{Announcement: r.Announcement, Version: r.Version, Lost: identity.Conversation(r.Lost)},
		Due: r.Due, State: notice.State(r.State), Tries: r.Tries, Again: r.Again, Why: r.Why, At: r.At}
	if r.Gathering != nil {
		g := r.Gathering.gathering(place)
		n.Content.Gathering = &g
	}
	return n
}

// loadNotice reads a notice that is on no sheet, with the state that it is in. names are as in find.
func loadNotice(tb *bbolt.Bucket, t identity.Tenant, id string, names map[string]string) (n notice.Notice, found bool, err error) {
	r, found, err := find(tb.Bucket([]byte(bucketNotices)), []byte(id), names, (*scanner).notice)
	if err != nil || !found {
		return n, false, err
	}
	n = r.notice(t, id)
	if due := tb.Bucket([]byte(bucketDue)).Get([]byte(id)); due != nil {
		n.Due, n.State = dueOf(due)
	}
	return n, true, nil
}

// dueValue and dueOf are what bucketDue says of a notice.
func dueValue(due time.Time, state notice.State) []byte {
	value := timeKey(due)
	if state == notice.Sending {
		value = append(value, sendingMark)
	}
	return value
}

func dueOf(value []byte) (time.Time, notice.State) {
	if isSending(value) {
		return timeOf(value), notice.Sending
	}
	return timeOf(value), notice.Waiting
}

func isSending(value []byte) bool { return len(value) == 9 && value[8] == sendingMark }
func isWaiting(value []byte) bool { return len(value) == 8 }

// stateOf tells whether a notice waits or is being sent; of others it gives nothing, or how they ended.
func (s *shared) stateOf(id string) (notice.State, error) {
	_, l, err := s.reader().leg(id)
	if err != nil || l != nil {
		return l.stateNow(), err
	}
	switch due := s.bucket(bucketDue).Get([]byte(id)); {
	case isSending(due):
		return notice.Sending, nil
	case isWaiting(due):
		return notice.Waiting, nil
	}
	return "", nil
}

// setNotice writes a notice as it is now, which the queue learns when that is on disk.
func (s *shared) setNotice(op string, n notice.Notice) error {
	n.Tenant = s.id
	c, l, err := s.reader().leg(n.ID)
	switch {
	case err != nil:
		return err
	case l != nil:
		c.unsaved = true
		s.work.moved(&n)
		return l.set(op, &n)
	}
	r := newNotice(&n)
	raw, err := r.encode()
	if err != nil {
		return err
	}
	if err := keep(s.bucket(bucketNotices), op, []byte(n.ID), raw); err != nil {
		return err
	}
	s.work.moved(&n)
	if n.State.Final() {
		return s.bucket(bucketDue).Delete([]byte(n.ID))
	}
	return s.bucket(bucketDue).Put([]byte(n.ID), dueValue(n.Due, n.State))
}

// known tells whether a notice with an id is kept, or was.
func (s *shared) known(id string) (bool, error) {
	_, l, err := s.reader().leg(id)
	return l != nil || s.bucket(bucketNotices).Get([]byte(id)) != nil, err
}

// addNotice writes a new notice, unless its key or its id is known.
func (s *shared) addNotice(op string, n notice.Notice, now time.Time) error {
	if n.Key != "" {
		if _, known := s.noticeKeys().find(n.Key, now); known {
			return nil
		}
		if err := s.noticeKeys().add(n.Key, n.ID, now); err != nil {
			return err
		}
	}
	if known, err := s.known(n.ID); err != nil || known {
		return err
	}
	if id := n.Content.Announcement; id != "" {
		if err := s.bucket(bucketCopies).Put(join(id, n.ID), []byte(n.Op)); err != nil {
			return err
		}
	}
	s.atEnd(bucketNotices, bucketDue)
	n.State, n.At = notice.Waiting, now
	s.work.then((*queue).signal)
	return s.setNotice(op, n)
}

func (s *shared) noticeKeys() ledger {
	return ledger{s.bucket(bucketNoticeKeys), s.bucket(bucketNoticeKeyTimes), notice.KeysKept}
}

// checkNotice refuses a notice whose ids cannot be parts of keys.
func checkNotice(op string, n *notice.Notice) error {
	ids := []string{n.ID, n.Product}
	switch {
	case n.Conversation != "":
		ids = append(ids, string(n.Conversation))
	default:
		ids = append(ids, string(n.Person))
	}
	if n.Content.Announcement != "" {
		ids = append(ids, n.Content.Announcement)
	}
	return checkIDs(op, ids...)
}

// gatheringRecord is notice.Gathering without its place, which is the key.
type gatheringRecord struct {
	Number uint64        `json:"number"`
	Due    time.Time     `json:"due"`
	Since  time.Time     `json:"since"`
	Events []eventRecord `json:"events,omitempty"`
	More   int           `json:"more,omitempty"`
	Heard  int           `json:"heard,omitempty"`
	// Left is by kind.
	Left map[string]leftRecord `json:"left,omitempty"`
}

// leftRecord is notice.Left.
type leftRecord struct {
	Things int `json:"things"`
	Count  int `json:"count"`
}

func newGathering(g notice.Gathering) gatheringRecord {
	r := gatheringRecord{Number: g.Number, Due: g.Due.UTC(), Since: g.Since.UTC(), Events: each(g.Events, newEvent), More: g.More, Heard: g.Heard}
	for k, l := range g.Left {
		if r.Left == nil {
			r.Left = map[string]leftRecord{}
		}
		r.Left[string(k)] = leftRecord(l)
	}
	return r
}

func (r gatheringRecord) gathering(p notice.Place) notice.Gathering {
	g := notice.Gathering{Place: p, Number: r.Number, Due: r.Due, Since: r.Since, Events: each(r.Events, eventRecord.event), More: r.More, Heard: r.Heard}
	for k, l := range r.Left {
		if g.Left == nil {
			g.Left = map[notice.Kind]notice.Left{}
		}
		g.Left[notice.Kind(k)] = notice.Left(l)
	}
	return g
}

func placeKey(p notice.Place) []byte { return join(string(p.Conversation), p.Product) }

// placeOf gives the place of a gathering from its key.
func placeOf(key []byte) notice.Place {
	conversation, product, _ := bytes.Cut(key, []byte{0})
	return notice.Place{Conversation: identity.Conversation(conversation), Product: string(product)}
}

// setGathering writes a gathering, or removes it when it is nil.
func (s *shared) setGathering(op string, p notice.Place, r *gatheringRecord) error {
	key := gatheringKey{s.id, p}
	if r == nil {
		s.work.then(func(q *queue) { delete(q.gatherings, key) })
		return s.bucket(bucketGatherings).Delete(placeKey(p))
	}
	due := r.Due
	s.work.then(func(q *queue) {
		q.gatherings[key] = due
		q.signal()
	})
	return save(s.bucket(bucketGatherings), op, placeKey(p), r)
}

// gathering reads the gathering that a caller knows; found is false when it is another by now, or none.
func (s *shared) gathering(g notice.Gathering) (r gatheringRecord, found bool, err error) {
	r, found, err = load[gatheringRecord](s.bucket(bucketGatherings), placeKey(g.Place))
	return r, found && r.Number == g.Number, err
}
