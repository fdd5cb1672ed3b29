package setting_test

import (
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestInterfaceName(t *testing.T) {
	for _, name := range []string{"lo", "eth0.100", "wg-éè", "Àķž", "a#b,c", "a~b", "", "...", "123456789012345"} {
		if err := setting.InterfaceName(name).Check(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := setting.InterfaceName("1234567890123456").Check(); err == nil || !strings.Contains(err.Error(), "more than 15 ") {
		t.Errorf("error %v", err)
	}
	for _, name := range []string{"eth0 eth1", "eth0\t", "eth0\r", "eth0\x00x", "eth0:1", "a/b", ".."} {
		if err := setting.InterfaceName(name).Check(); err == nil || !strings.Contains(err.Error(), "contain spaces, slashes or colons") {
			t.Errorf("%q: error %v", name, err)
		}
	}
	for _, name := range []string{"eth\x01", "eth\x7f", "\u0435th0", "eth0\u200b"} {
		if err := setting.InterfaceName(name).Check(); err == nil || !strings.Contains(err.Error(), "looks like another character, or is invisible") {
			t.Errorf("%q: error %v", name, err)
		}
	}
	for _, name := range []string{
		".", "..", "eth0 eth1", "eth0\t", "eth0\u00a0", "eth0\x00x", "eth0:1", "a/b", "1234567890123456", "éééééééé",
		"\u0435th0", "eth0\u200b", "\u202eeth0", "eth\u00ad0", "e\u0301th0", "eth\u0660", "\uff45th0", "eth\u20110", "w\u0131", "eth0\x7f", "eth\xff",
		"eth\x01", "ethµ", "eth×", "ethĸ", "eth-à", // whose second byte is a space of Latin-1

	} {
		if setting.InterfaceName(name).Check() == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}

// link embeds settings and has a name that no interface can have.
type link struct {
	Device setting.InterfaceName `setting:"device" required:"true"`
	bounds
}

type bounds struct {
	Least int `setting:"least" min:"1"`
}

func TestEmbedded(t *testing.T) {
	var names []string
	for _, s := range setting.Of(link{}) {
		names = append(names, s.Name+" "+s.Pattern)
	}
	if got := strings.Join(names, ", "); got != "device ^[^/: ]{1,15}$, least " {
		t.Errorf("settings %s", got)
	}
	want := "device: \"a/b\" is not the name of an interface: names can't contain spaces, slashes or colons\nleast: must be at least 1, not 0"
	if err := setting.Check(&link{Device: "a/b"}); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := setting.Check(&link{bounds: bounds{1}}); err == nil || err.Error() != "device: is empty" {
		t.Errorf("without a name: %v", err)
	}
	if err := setting.Check(&link{Device: "lo", bounds: bounds{1}}); err != nil {
		t.Error(err)
	}
}
