package storetest

import "testing"

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	Run(t, func(t testing.TB) Ports { return PortsOf(Open(t)) })
}
