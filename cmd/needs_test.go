package cmd_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/peerlist"
	"github.com/pmtud/pmtud/sinks/broadcast"
	"github.com/pmtud/pmtud/sinks/inject"
	pcapsink "github.com/pmtud/pmtud/sinks/pcapfile"
	"github.com/pmtud/pmtud/sinks/peers"
	"github.com/pmtud/pmtud/sources/nflog"
	"github.com/pmtud/pmtud/sources/pcap"
	pcapsource "github.com/pmtud/pmtud/sources/pcapfile"
)

// settingsOf returns the plugin's defaults after change.
func settingsOf[S any](p pipeline.Plugin, change func(*S)) pipeline.Stage {
	settings := p.NewSettings().(*S)
	change(settings)
	return pipeline.Stage{Name: p.Kind.String() + "-" + p.Type, Plugin: p, Settings: settings}
}

// TestNeeds asks the stages of a pipeline of everything that there is.
func TestNeeds(t *testing.T) {
	p, err := pipeline.New(pipeline.Spec{
		Name: "all",
		Sources: []pipeline.Stage{
			settingsOf(pcap.Plugin(), func(s *pcap.Settings) { s.Interface, s.Direction = "eth0", pcap.Both }),
			settingsOf(nflog.Plugin(), func(s *nflog.Settings) { s.Group = 33 }),
			settingsOf(pcapsource.Plugin(), func(s *pcapsource.Settings) { s.Path = []string{"a*.pcap", "-"} }),
		},
		Filters: []pipeline.Stage{{Plugin: icmpptb.Plugin()}, {Plugin: mtu.Plugin()}},
		Sinks: []pipeline.SinkStage{
			{Stage: settingsOf(broadcast.Plugin(), func(s *broadcast.Settings) { s.Interface = "eth1" })},
			{Stage: settingsOf(peers.Plugin(), func(s *peers.Settings) { s.Addresses = []peerlist.Address{{Name: "peers.example.net"}} })},
			{Stage: settingsOf(inject.Plugin(), func(s *inject.Settings) { s.AsFrom = "eth0" })},
			{Stage: settingsOf(pcapsink.Plugin(), func(s *pcapsink.Settings) { s.Path = "/var/lib/pmtud/a.pcap" })},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	type stageNeeds struct {
		Stage string
		Needs pipeline.Needs
	}
	var got []stageNeeds
	for id, stage := range p.Stages() {
		if n, ok := stage.(pipeline.HostUser); ok {
			got = append(got, stageNeeds{id.Name, n.Needs()})
		}
	}
	want := []stageNeeds{
		{"source-pcap", pipeline.Needs{
			Interfaces:   []string{"eth0"},
			Capabilities: []string{"CAP_NET_RAW"},
			Families:     []string{"AF_PACKET"},
			Hears:        []string{"frames sent on eth0", "packets sent by routing"},
		}},
		{"source-nflog", pipeline.Needs{
			Capabilities: []string{"CAP_NET_ADMIN"},
			Families:     []string{"AF_NETLINK"},
			Netlink:      []string{"NETLINK_NETFILTER"},
			NFLOGGroups:  []uint16{33},
			Exclusive:    []string{"nflog group 33"},
		}},
		{"source-pcap-file", pipeline.Needs{
			Files:     []pipeline.File{{Path: "a*.pcap"}},
			Exclusive: []string{"standard input"},
			Hears:     []string{"file a*.pcap"},
		}},
		{"icmp-ptb", pipeline.Needs{
			Stops: []string{"frames sent on *"},
		}},
		{"sink-broadcast", pipeline.Needs{
			Interfaces:   []string{"eth1"},
			Capabilities: []string{"CAP_NET_RAW"},
			Families:     []string{"AF_PACKET"},
			Emits:        []string{"frames sent on eth1"},
		}},
		{"sink-peers", pipeline.Needs{
			Files:        []pipeline.File{{Path: "/etc/resolv.conf"}, {Path: "/etc/hosts"}, {Path: "/etc/nsswitch.conf", Optional: true}},
			Capabilities: []string{"CAP_NET_RAW"},
			Families:     []string{"AF_NETLINK", "AF_INET", "AF_INET6"},
			Hosts:        []string{"peers.example.net"},
			Emits:        []string{"packets sent by routing"},
			Limit:        true,
		}},
		{"sink-inject", pipeline.Needs{
			Interfaces:   []string{"eth0"},
			Capabilities: []string{"CAP_NET_RAW", "CAP_NET_ADMIN"},
			Families:     []string{"AF_PACKET", "AF_NETLINK", "AF_UNIX"},
			Exclusive:    []string{"device pmtud0", "mark 45"},
		}},
		{"sink-pcap-file", pipeline.Needs{
			Files:     []pipeline.File{{Path: "/var/lib/pmtud/a.pcap", Writes: true}},
			Exclusive: []string{"file /var/lib/pmtud/a.pcap"},
			Emits:     []string{"file /var/lib/pmtud/a.pcap"},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}
