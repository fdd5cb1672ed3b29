package linklayer_test

import (
	"net"
	"testing"

	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// TestInjectedMAC wants the address that hosts with other versions of pmtud know, too.
func TestInjectedMAC(t *testing.T) {
	if got := net.HardwareAddr(linklayer.InjectedMAC[:]).String(); got != "02:70:6d:74:75:64" {
		t.Error(got)
	}
}
