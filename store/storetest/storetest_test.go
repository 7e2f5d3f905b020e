package storetest

import "testing"

func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	Run(t, func(t testing.TB) Ports { return PortsOf(Open(t)) })
}

func TestStoreKeepsPictures(t *testing.T) {
	t.Parallel()
	RunImages(t, func(t testing.TB) Images { return ImagesOf(Open(t)) })
}
