package sourcelist_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/filters/sourcelist"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// list reads prefixes as a configuration has them.
func list(t testing.TB, texts ...string) (prefixes []prefixset.Prefix) {
	t.Helper()
	for _, text := range texts {
		var p prefixset.Prefix
		if err := p.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		prefixes = append(prefixes, p)
	}
	return prefixes
}

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, sourcelist.Plugin(), &sourcelist.Settings{Allow: list(t, "203.0.113.0/24", "2001:db8::/32"), Deny: list(t, "203.0.113.2")})
	pipelinetest.TestFilter(t, sourcelist.Plugin(), &sourcelist.Settings{Deny: list(t, "203.0.113.2"), Peers: true})
}

func TestFilter(t *testing.T) {
	for _, tc := range []struct {
		name        string
		allow, deny []string
		router      string
		want        pipeline.Reason
	}{
		{"allowed", []string{"203.0.113.0/24"}, nil, "203.0.113.1", pipeline.Pass},
		{"first of the prefix", []string{"203.0.113.0/25"}, nil, "203.0.113.0", pipeline.Pass},
		{"last of the prefix", []string{"203.0.113.0/25"}, nil, "203.0.113.127", pipeline.Pass},
		{"behind the prefix", []string{"203.0.113.0/25"}, nil, "203.0.113.128", sourcelist.Denied},
		{"not allowed", []string{"203.0.113.0/24"}, nil, "198.51.100.1", sourcelist.Denied},
		{"one of several lengths", []string{"192.0.2.0/24", "203.0.113.1", "198.51.100.0/25"}, nil, "203.0.113.1", pipeline.Pass},
		{"denied", nil, []string{"203.0.113.0/24"}, "203.0.113.1", sourcelist.Denied},
		{"not denied", nil, []string{"203.0.113.0/24"}, "198.51.100.1", pipeline.Pass},
		{"deny wins", []string{"203.0.113.0/24"}, []string{"203.0.113.7"}, "203.0.113.7", sourcelist.Denied},
		{"allowed, its neighbour denied", []string{"203.0.113.0/24"}, []string{"203.0.113.7"}, "203.0.113.8", pipeline.Pass},
		{"everything of IPv4", nil, []string{"0.0.0.0/0"}, "203.0.113.1", sourcelist.Denied},
		{"everything of IPv4, asked for IPv6", nil, []string{"0.0.0.0/0"}, "2001:db8::1", pipeline.Pass},
		{"everything of IPv6, asked for IPv4", nil, []string{"::/0"}, "203.0.113.1", pipeline.Pass},
		{"IPv6", []string{"2001:db8:f::/48"}, nil, "2001:db8:f:ffff::1", pipeline.Pass},
		{"IPv6, not allowed", []string{"2001:db8:f::/48"}, nil, "2001:db8:e::1", sourcelist.Denied},
		{"IPv6 list, asked for IPv4", []string{"2001:db8::/32"}, nil, "203.0.113.1", sourcelist.Denied},
		{"IPv4-mapped address", nil, []string{"::ffff:203.0.113.1"}, "203.0.113.1", sourcelist.Denied},
		{"IPv4-mapped prefix", nil, []string{"::ffff:203.0.113.0/120"}, "203.0.113.1", sourcelist.Denied},
		{"twice on the list", nil, []string{"203.0.113.1", "203.0.113.1/32"}, "203.0.113.1", sourcelist.Denied},
	} {
		for _, peers := range []bool{false, true} {
			name, want := tc.name, tc.want
			if peers {
				name += ", peers"
				if want == sourcelist.Denied {
					want = sourcelist.FromPeer
				}
			}
			t.Run(name, func(t *testing.T) {
				f, err := sourcelist.New(sourcelist.Settings{Allow: list(t, tc.allow...), Deny: list(t, tc.deny...), Peers: peers}, pipelinetest.Env(t))
				if err != nil {
					t.Fatal(err)
				}
				p := pipelinetest.PTB{Router: netip.MustParseAddr(tc.router)}.Packet(pipelinetest.Begin)
				if got := pipelinetest.Decide(f, &p); got != want {
					t.Errorf("reason %d, want %d", got, want)
				}
			})
		}
	}
}

func TestPacketWithoutAddress(t *testing.T) {
	for name, tc := range map[string]struct {
		settings sourcelist.Settings
		want     pipeline.Reason
	}{
		"is in no prefix to be denied":  {sourcelist.Settings{Deny: list(t, "0.0.0.0/0", "::/0")}, pipeline.Pass},
		"is in no prefix to be allowed": {sourcelist.Settings{Allow: list(t, "0.0.0.0/0", "::/0")}, sourcelist.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := sourcelist.New(tc.settings, pipelinetest.Env(t))
			if err != nil {
				t.Fatal(err)
			}
			if got := pipelinetest.Decide(f, &pipeline.Packet{LinkType: linklayer.Ethernet}); got != tc.want {
				t.Errorf("reason %d, want %d", got, tc.want)
			}
		})
	}
}

func TestNewRefusesEmptyLists(t *testing.T) {
	_, err := sourcelist.New(sourcelist.Settings{}, pipelinetest.Env(t))
	var setting *setting.Error
	if !errors.As(err, &setting) || setting.Setting != "deny" {
		t.Errorf("error %v, want one about deny", err)
	}
}

// TestHostBits checks prefixes that did not come from text.
func TestHostBits(t *testing.T) {
	deny := []prefixset.Prefix{{Prefix: netip.MustParsePrefix("203.0.113.77/24")}}
	f, err := sourcelist.New(sourcelist.Settings{Deny: deny}, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	p := pipelinetest.PTB{Router: netip.MustParseAddr("203.0.113.1")}.Packet(pipelinetest.Begin)
	if got := pipelinetest.Decide(f, &p); got != sourcelist.Denied {
		t.Errorf("reason %d, want %d", got, sourcelist.Denied)
	}
}
