package storetest

import (
	"testing"

	"teamspro/internal/image"
)

func TestStoreKeepsWatches(t *testing.T) {
	t.Parallel()
	RunWatches(t, func(t testing.TB) image.Watches { return Open(t).Watches() })
}
