package contact

import (
	"fmt"
	"io"

	"teamspro/internal/fault"
	"teamspro/internal/identity"
)

// Restore fills the index of a tenant from a snapshot, in place of Load. The stamp is what the Shelf says of its state
// now; see Index.Save. When it fails, which is ErrSnapshot, Load reads the Shelf as if there were no snapshot.
func (b *Books) Restore(t identity.Tenant, snapshot []byte, stamp string) error {
	if err := b.index.Restore(snapshot, t, stamp); err != nil {
		return err
	}
	b.loaded.Store(t, struct{}{})
	return nil
}

// SaveIndex writes a snapshot of the index of a tenant, for Restore; see Index.Save for when that may be. It fails with
// fault.Busy when the index is not filled: what it holds then is not what the Shelf has.
func (b *Books) SaveIndex(w io.Writer, t identity.Tenant, stamp string) error {
	const op = "contact.SaveIndex"
	if _, ok := b.loaded.Load(t); !ok {
		return fault.Wrap(fault.Busy, op, fmt.Errorf("the index is not filled"))
	}
	return b.index.Save(w, t, stamp)
}
