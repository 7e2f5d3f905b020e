package storetest

import (
	"testing"

	"teamspro/internal/configuration"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	Run(t, func(t testing.TB) Ports { return PortsOf(Open(t)) })
}

func TestStoreKeepsPictures(t *testing.T) {
	t.Parallel()
	RunImages(t, func(t testing.TB) Images { return ImagesOf(Open(t)) })
}

func TestStoreKeepsNotices(t *testing.T) {
	t.Parallel()
	RunNotices(t, func(t testing.TB) Notices { return NoticesOf(Open(t)) })
}

func TestStoreKeepsConfigurations(t *testing.T) {
	t.Parallel()
	RunConfigurations(t, func(t testing.TB) configuration.Shelf { return Open(t).Configurations() })
}
