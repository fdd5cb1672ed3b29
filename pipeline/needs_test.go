package pipeline_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

func TestCheckInterfaceName(t *testing.T) {
	for _, name := range []string{"lo", "eth0.100", "wg-éè", "a#b,c", "...", "123456789012345"} {
		if err := pipeline.CheckInterfaceName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{
		"", ".", "..", "eth0 eth1", "eth0\t", "eth0\u00a0", "eth0\x00x", "eth0:1", "a/b", "1234567890123456", "éééééééé",
		"\u0435th0", "eth0\u200b", "\u202eeth0", "eth\u00ad0", "e\u0301th0", "eth\u0660", "\uff45th0", "eth\u20110", "w\u0131", "eth0\x7f", "eth\xff",
	} {
		if pipeline.CheckInterfaceName(name) == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}
