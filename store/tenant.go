package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"teamspro/internal/audit"
	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Line is a line of what ExportTenant writes: an entry of a bucket. Its key is text where it can be, and base64 otherwise; its
// value is the record where it is JSON, and base64 otherwise.
type Line struct {
	Bucket string          `json:"bucket"`
	Key    string          `json:"key,omitempty"`
	Raw    string          `json:"raw_key,omitempty"`
	Record json.RawMessage `json:"record,omitempty"`
	Bytes  string          `json:"bytes,omitempty"`
}

// ExportTenant writes everything of a tenant as lines of JSON, in the state of one moment, and tells how many there are.
// Sign-ins are written without what is sealed: nobody else can use it. The audit log has an entry afterwards.
func (d *DB) ExportTenant(ctx context.Context, t identity.Tenant, out io.Writer) (lines int, err error) {
	const op = "store.ExportTenant"
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	err = d.view(ctx, op, func(tx *bbolt.Tx) error {
		tb := tx.Bucket([]byte(bucketTenants)).Bucket([]byte(t))
		if tb == nil {
			return fault.New(fault.NotFound, op, "")
		}
		for _, b := range declared() {
			if !b.tenant {
				continue
			}
			err := tb.Bucket([]byte(b.name)).ForEach(func(k, v []byte) error {
				lines++
				if err := ctx.Err(); err != nil {
					return err
				}
				return encoder.Encode(lineOfEntry(b.name, k, v))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return lines, err
	}
	return lines, d.share(ctx, op, t, func(s *shared) error {
		return s.audited(audit.Entry{At: d.now(), Surface: "command", Act: audit.TenantExported, Subject: audit.TenantSubject})
	})
}

func lineOfEntry(bucket string, k, v []byte) Line {
	l := Line{Bucket: bucket}
	if utf8.Valid(k) && !slices.ContainsFunc([]rune(string(k)), func(r rune) bool { return r > 0 && r < ' ' }) {
		l.Key = string(k)
	} else {
		l.Raw = base64.StdEncoding.EncodeToString(k)
	}
	var r tokenRecord
	switch {
	case bucket == bucketTokens && json.Unmarshal(v, &r) == nil:
		l.Record, _ = json.Marshal(map[string]any{"at": r.At})
	case json.Valid(v):
		l.Record = v
	case len(v) > 0:
		l.Bytes = base64.StdEncoding.EncodeToString(v)
	}
	return l
}

// tenantPortion is how many entries one transaction of EraseTenant takes away.
const tenantPortion = 2000

// EraseTenant takes everything of a tenant away, its audit log, too, in portions; last the tenant itself. It may be
// interrupted and begun again. What waits to be told goes first: nothing is left that would be missed. Nobody should use the
// service from the tenant any more: whoever does makes it anew.
func (d *DB) EraseTenant(ctx context.Context, t identity.Tenant) (entries int, err error) {
	const op = "store.EraseTenant"
	defer d.shelved(t)
	for more := true; more; {
		err := d.update(ctx, op, func(w *work) (err error) {
			tenants := w.Bucket([]byte(bucketTenants))
			tb := tenants.Bucket([]byte(t))
			more = tb != nil
			if !more {
				return errUnchanged
			}
			w.then(func(q *queue) { q.forget(t) })
			n, err := empty(tb, tenantPortion)
			if entries += n; err != nil || n == tenantPortion {
				return err
			}
			delete(w.tenants, t)
			return tenants.DeleteBucket([]byte(t))
		})
		if err != nil {
			return entries, err
		}
	}
	return entries, d.forgiveTenant(ctx, t)
}

// empty takes away so many entries of a tenant's buckets.
func empty(tb *bbolt.Bucket, most int) (n int, err error) {
	for _, name := range slices.Concat([]string{bucketDue, bucketGatherings, bucketEvents}, tenantBuckets()) {
		b := tb.Bucket([]byte(name))
		c := b.Cursor()
		for k, _ := c.First(); k != nil && n < most; k, _ = c.First() {
			if err := c.Delete(); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

func tenantBuckets() (names []string) {
	for _, b := range declared() {
		if b.tenant {
			names = append(names, b.name)
		}
	}
	return names
}

// forgiveTenant forgets the answers that are owed in a tenant.
func (d *DB) forgiveTenant(ctx context.Context, t identity.Tenant) error {
	return d.update(ctx, "store.EraseTenant", func(w *work) error {
		b := w.Bucket([]byte(bucketOwed))
		var theirs [][]byte
		err := b.ForEach(func(k, _ []byte) error {
			r, _, err := load[owedRecord](b, k)
			if err == nil && r.Tenant == string(t) {
				theirs = append(theirs, slices.Clone(k))
			}
			return err
		})
		if err == nil && len(theirs) == 0 {
			return errUnchanged
		}
		if err != nil {
			return err
		}
		return deleteAll(b, theirs)
	})
}

// forget drops what waits in a tenant.
func (q *queue) forget(t identity.Tenant) {
	for key, l := range q.lines {
		if key.tenant != t {
			continue
		}
		q.waiting -= len(l.items)
		l.items, l.sending = nil, 0
		q.settle(l)
	}
	for key := range q.gatherings {
		if key.tenant == t {
			delete(q.gatherings, key)
		}
	}
}
