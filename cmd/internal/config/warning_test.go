package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
)

// TestWarnings wants what works but may not be meant.
func TestWarnings(t *testing.T) {
	const (
		eth0 = "{type: pcap, interface: eth0}"
		eth1 = "{type: pcap, interface: eth1}"
		log  = "{type: nflog, group: 1}"
		send = "{type: broadcast, interface: eth0}"
	)
	other := func(source, sink string) string { return "{sources: [" + source + "], sinks: [" + sink + "]}" }
	twice := func(at, sink, what string) string {
		return at + ": warning: sink `" + sink + "` sends the same as sink " + what + ": a message that reaches both is sent twice; remove one of them, or have filters give them different messages"
	}
	for name, tc := range map[string]struct{ sources, sinks, other, want string }{
		"nothing":                      {eth0, send, "", ""},
		"any packet":                   {eth0, "{type: broadcast, interface: eth0, any_packet: true}", "", "4:60: warning: `any_packet` sends every frame that arrives here to all hosts of the LAN, not only PTBs"},
		"PTBs only":                    {eth0, "{type: broadcast, interface: eth0, any_packet: false}", "", ""},
		"the router's address":         {eth0, "{type: broadcast, interface: eth0, source_mac: captured-source}", "", "4:60: warning: `source_mac` makes bridges on the LAN take this host for the router, until the router itself sends something"},
		"twice in a pipeline":          {eth0, send + ", {type: broadcast, name: again, interface: eth0}", "", twice("4:56", "again", "`broadcast` of pipeline `p` at FILE:4:20")},
		"on two interfaces":            {eth0, send + ", {type: broadcast, name: again, interface: eth1}", "", ""},
		"a dry run":                    {eth0, send + ", {type: broadcast, name: again, interface: eth0, dry_run: true}", "", ""},
		"two pipelines":                {eth0, send, other(eth0, send), twice("5:64", "broadcast", "`broadcast` of pipeline `p` at FILE:4:20")},
		"two pipelines, of two LANs":   {eth0, send, other(eth1, send), ""},
		"two pipelines, one by rules":  {eth0, send, other(log, send), twice("5:58", "broadcast", "`broadcast` of pipeline `p` at FILE:4:20")},
		"two pipelines, rules first":   {"{type: nflog, group: 2}", send, other(eth0, send), twice("5:64", "broadcast", "`broadcast` of pipeline `p` at FILE:4:20")},
		"two pipelines, both by rules": {"{type: nflog, group: 2}", send, other(log, send), twice("5:58", "broadcast", "`broadcast` of pipeline `p` at FILE:4:20")},
		"two pipelines, one of a file": {eth0, send, other("{type: pcap-file, path: a.pcap}", send), ""},
		"two pipelines, two LANs":      {eth0, send, other(eth0, "{type: broadcast, interface: eth1}"), ""},
		"other peers":                  {eth0, "{type: peers, addresses: 192.0.2.11, unlimited: true}, {type: peers, name: more, addresses: 192.0.2.12, unlimited: true}", "", ""},
		"a peer twice":                 {eth0, "{type: peers, addresses: 192.0.2.11, unlimited: true}, {type: peers, name: more, addresses: [192.0.2.12, 192.0.2.11], unlimited: true}", "", twice("4:75", "more", "`peers` of pipeline `p` at FILE:4:20")},
		"broadcast and peers":          {eth0, send + ", {type: peers, addresses: 192.0.2.11, unlimited: true}", "", ""},
		"two files":                    {eth0, "{type: pcap-file, path: a.pcap}, {type: pcap-file, name: b, path: b.pcap}", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := "pipelines:\n  p:\n    sources: [" + tc.sources + "]\n    sinks: [" + tc.sinks + "]\n"
			if tc.other != "" {
				text += "  q: " + tc.other + "\n"
			}
			path := writeText(t, "a.yaml", text)
			f, err := config.Load(t.Context(), []string{path}, cmd.Plugins())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range f.Warnings() {
				got = append(got, strings.ReplaceAll(strings.TrimPrefix(m.Short(), path+":"), path, "FILE"))
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, text)
			}
		})
	}
}
