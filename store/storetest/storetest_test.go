package storetest

import (
	"testing"
	"time"

	"teamspro/internal/configuration"
	"teamspro/internal/contact/contacttest"
	"teamspro/internal/identity"
	"teamspro/internal/notice"
	"teamspro/internal/notice/noticetest"
)

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	Run(t, func(t testing.TB) Ports { return PortsOf(Open(t)) })
}

// What stands in for the store in other tests keeps the contract where imports are concerned.
func TestMemoryKeepsImports(t *testing.T) {
	t.Parallel()
	runImports(t, func(testing.TB) Ports {
		m := contacttest.New(time.Now)
		return Ports{Shelf: m, Chronicle: m, Journal: m, Library: m, Marks: m, Imports: m}
	})
}

func TestStoreKeepsPictures(t *testing.T) {
	t.Parallel()
	RunImages(t, func(t testing.TB) Images { return ImagesOf(Open(t)) })
}

func TestStoreKeepsNotices(t *testing.T) {
	t.Parallel()
	RunNotices(t, func(t testing.TB) Notices { return NoticesOf(Open(t)) })
}

// The outbox that stands in for the store elsewhere keeps the contract of copies, too.
func TestMemoryKeepsCopies(t *testing.T) {
	t.Parallel()
	runInRows(t, func(testing.TB) Notices {
		m := noticetest.New(time.Now)
		return Notices{m, m, func(_ testing.TB, tenant identity.Tenant, events ...notice.Event) { m.Happened(tenant, events...) }}
	})
}

func TestStoreKeepsConfigurations(t *testing.T) {
	t.Parallel()
	RunConfigurations(t, func(t testing.TB) configuration.Shelf { return Open(t).Configurations() })
}
