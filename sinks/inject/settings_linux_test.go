package inject_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sinks/inject"
)

func TestSettings(t *testing.T) {
	const advice = "must be an IPv4 address with its prefix length, such as 169.254.77.1/32"
	for _, tt := range []struct {
		name   string
		change func(*inject.Settings)
		want   string // "" for no error
	}{
		{"no device", func(s *inject.Settings) { s.Device = "" }, "device: is empty"},
		{"longest name", func(s *inject.Settings) { s.Device = "fourteen-chars" }, ""},
		{"no room for the x", func(s *inject.Settings) { s.Device = "fifteen-letters" }, `device: "fifteen-letters" leaves no room for the name of its other end, which adds an x`},
		{"it is not made", func(s *inject.Settings) { s.Device, s.Create = "fifteen-letters", false }, ""},
		{"loopback is not made", func(s *inject.Settings) { s.Device = "lo" }, "device: lo can't be created; write create: false"},
		{"no address", func(s *inject.Settings) { s.Address = netip.Prefix{} }, "address: " + advice},
		{"IPv6 address", func(s *inject.Settings) { s.Address = netip.MustParsePrefix("2001:db8::1/128") }, "address: " + advice},
		{"as from, made beforehand", func(s *inject.Settings) { s.AsFrom, s.Create = "eth0", false }, "as_from: needs a device that pmtud creates; remove create: false"},
		{"as from itself", func(s *inject.Settings) { s.AsFrom = "pmtud0" }, "as_from: must be an interface at which the routers' packets arrive, not pmtud0"},
		{"as from its other end", func(s *inject.Settings) { s.AsFrom = "pmtud0x" }, "as_from: must be an interface at which the routers' packets arrive, not pmtud0x"},
		{"as from loopback", func(s *inject.Settings) { s.AsFrom = "lo" }, "as_from: must be an interface at which the routers' packets arrive, not lo"},
	} {
		_, err := inject.New(*settings(tt.change), pipeline.Env{Log: silent})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if _, ok := errors.AsType[*setting.Error](err); got != tt.want || ok != (err != nil) {
			t.Errorf("%s: %T %v, want %q", tt.name, err, err, tt.want)
		}
	}
}

func TestNeeds(t *testing.T) {
	raw := pipeline.Needs{Capabilities: []string{"CAP_NET_RAW"}, Families: []string{"AF_PACKET", "AF_NETLINK"}}
	making := raw
	making.Capabilities = []string{"CAP_NET_RAW", "CAP_NET_ADMIN"}
	making.Families = []string{"AF_PACKET", "AF_NETLINK", "AF_UNIX"}
	making.Exclusive = []string{"device pmtud0"}
	from := making
	from.Interfaces = []string{"eth0"}
	from.Exclusive = []string{"device pmtud0", "mark 45"}
	for name, tt := range map[string]struct {
		change func(*inject.Settings)
		want   pipeline.Needs
	}{
		"made":    {nil, making},
		"as from": {asFrom, from},
		"mine":    {mine, raw},
		"dry run": {func(s *inject.Settings) { s.DryRun = true }, pipeline.Needs{}},
	} {
		sink, _ := build(t, tt.change)
		if diff := cmp.Diff(tt.want, sink.(pipeline.HostUser).Needs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
