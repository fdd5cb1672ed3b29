package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
)

// TestContradictions wants the stages of a file that would be in each other's way,
// with both places, and none that would not. The sources begin in line 3, the sinks
// in line 5.
func TestContradictions(t *testing.T) {
	const (
		capture = "{type: pcap, interface: eth0, direction: both}"
		send    = "{type: broadcast, interface: eth0}"
		toPeers = "{type: peers, addresses: 192.0.2.11, unlimited: true}"
		relay   = "{type: relay, insecure: true, peers: [192.0.2.11, 192.0.2.12]}"
		flood   = "sink `peers` sends each packet to many hosts, and no filter before it limits their total rate; add a filter such as `iface-rate`, or set `unlimited: true`"
	)
	looped := func(sink, source, what string) string {
		return "sink `" + sink + "` would feed itself: source `" + source + "` at FILE:3:22 receives " + what +
			"; change one of them, or add a filter that stops the loop"
	}
	for name, tc := range map[string]struct {
		sources, filters, sinks string
		other                   string // pipeline
		want                    string
	}{
		"broadcast heard":             {capture, "", send, "", "5:20: " + looped("broadcast", "pcap", "frames sent on eth0")},
		"broadcast heard, out":        {"{type: pcap, direction: out, interface: eth0}", "", send, "", "5:20: " + looped("broadcast", "pcap", "frames sent on eth0")},
		"not heard":                   {"{type: pcap, interface: eth0}", "", send, "", ""},
		"filtered":                    {capture, "{type: icmp-ptb}", send, "", ""},
		"filtered later":              {capture, "{type: mtu}, {type: icmp-ptb}", send, "", ""},
		"other filters":               {capture, "{type: mtu}, {type: length}", send, "", "5:20: " + looped("broadcast", "pcap", "frames sent on eth0")},
		"filtered before the sink":    {capture, "", "{type: broadcast, interface: eth0, filters: [{type: icmp-ptb}]}", "", ""},
		"filtered at another sink":    {capture, "", "{type: log, filters: [{type: icmp-ptb}]}, " + send, "", "5:62: " + looped("broadcast", "pcap", "frames sent on eth0")},
		"other interface":             {"{type: pcap, interface: eth1, direction: both}", "", send, "", ""},
		"dry run":                     {capture, "", "{type: broadcast, interface: eth0, dry_run: true}", "", ""},
		"peers heard":                 {capture, "{type: icmp-ptb}", toPeers, "", "5:20: " + looped("peers", "pcap", "packets sent by routing")},
		"peers, inbound":              {"{type: pcap, interface: eth0, direction: in}", "", toPeers, "", ""},
		"peers, nflog":                {"{type: nflog, group: 1}", "", toPeers, "", ""},
		"file":                        {"{type: pcap-file, path: a.pcap}", "", "{type: pcap-file, path: ./a.pcap}", "", "5:20: sink `pcap-file` would feed itself: source `pcap-file` at FILE:3:22 receives file a.pcap; change one of them, or add a filter that stops the loop"},
		"file of a pattern":           {"{type: pcap-file, path: [x, 'out/*.pcap']}", "{type: icmp-ptb}", "{type: pcap-file, path: out/a.pcap}", "", "5:20: sink `pcap-file` would feed itself: source `pcap-file` at FILE:3:22 receives file out/a.pcap; change one of them, or add a filter that stops the loop"},
		"other file":                  {"{type: pcap-file, path: 'out/*.pcap'}", "", "{type: pcap-file, path: a.pcap}", "", ""},
		"strange pattern":             {"{type: pcap-file, path: '['}", "", "{type: pcap-file, path: 'a'}", "", "3:39: `path`: \"[\" is not a pattern of file names: a [ is not closed, or it ends in \\"},
		"one file twice":              {"{type: nflog, group: 1}", "", "{type: pcap-file, path: /a/b}, {type: pcap-file, name: x, path: /a//b}", "", "5:77: only one stage can use file /a/b, and sink `pcap-file` of pipeline `p` uses it at FILE:5:37; use it in one of them only"},
		"group twice":                 {"{type: nflog, group: 33}, {type: nflog, name: x, group: 0x21}", "", "{type: log}", "", "3:48: only one stage can use nflog group 33, and source `nflog` of pipeline `p` uses it at FILE:3:36; use it in one of them only"},
		"group in two pipelines":      {"{type: nflog, group: 33}", "", "{type: log}", "{sources: [{type: nflog, name: n, group: 33}], sinks: [{type: log}]}", "6:47: only one stage can use nflog group 33, and source `nflog` of pipeline `p` uses it at FILE:3:36; use it in one of them only"},
		"groups":                      {"{type: nflog, group: 33}", "", "{type: log}", "{sources: [{type: nflog, group: 34}], sinks: [{type: log}]}", ""},
		"standard input twice":        {"{type: pcap-file, path: '-'}", "", "{type: log}", "{sources: [{type: pcap-file, path: '-'}], sinks: [{type: log}]}", "6:24: only one stage can use standard input, and source `pcap-file` of pipeline `p` uses it at FILE:3:22; use it in one of them only"},
		"circle of pipelines":         {capture, "", "{type: broadcast, interface: eth1}", "{sources: [{type: pcap, interface: eth1, direction: both}], sinks: [{type: broadcast, interface: eth0}]}", "5:20: sink `broadcast` would feed itself by way of pipeline `q`: source `pcap` at FILE:6:24 receives frames sent on eth1; change one of them, or add a filter that stops the loop"},
		"half a circle":               {capture, "", "{type: broadcast, interface: eth1}", "{sources: [{type: pcap, interface: eth1, direction: both}], sinks: [{type: log}]}", ""},
		"circle that a filter breaks": {capture, "{type: icmp-ptb}", "{type: broadcast, interface: eth1}", "{sources: [{type: pcap, interface: eth1, direction: both}], sinks: [{type: broadcast, interface: eth0}]}", ""},
		"peers without a limit":       {"{type: nflog, group: 1}", "{type: icmp-ptb}, {type: src-rate}, {type: dedup}", "{type: peers, addresses: 192.0.2.11}", "", "5:20: " + flood},
		"peers behind a limit":        {"{type: nflog, group: 1}", "{type: iface-rate}", "{type: peers, addresses: 192.0.2.11}", "", ""},
		"peers behind a fair limit":   {"{type: nflog, group: 1}", "{type: iface-rate, fair_by: client}", "{type: peers, addresses: 192.0.2.11}", "", ""},
		"peers with their own limit":  {"{type: nflog, group: 1}", "", "{type: log}, {type: peers, addresses: 192.0.2.11, filters: [{type: iface-rate}]}", "", ""},
		"another sink's limit":        {"{type: nflog, group: 1}", "", "{type: log, filters: [{type: iface-rate}]}, {type: peers, addresses: 192.0.2.11}", "", "5:64: " + flood},
		"peers, dry run":              {"{type: nflog, group: 1}", "", "{type: peers, addresses: 192.0.2.11, dry_run: true}", "", ""},
		"one relay":                   {"{type: nflog, group: 1}", "", relay, "", ""},
		"relays to the same peer":     {"{type: nflog, group: 1}", "", relay, "{sources: [{type: nflog, group: 2}], sinks: [{type: relay, name: r, insecure: true, peers: [192.0.2.12, 192.0.2.13]}]}", "6:58: only one stage can use relay to port 4821 of 192.0.2.12, and sink `relay` of pipeline `p` uses it at FILE:5:20; use it in one of them only"},
		"relays to the same peers":    {"{type: nflog, group: 1}", "", relay + ", {type: relay, name: r, insecure: true, peers: [192.0.2.12, 192.0.2.11]}", "", "5:84: only one stage can use relay to port 4821 of 192.0.2.12, and sink `relay` of pipeline `p` uses it at FILE:5:20; use it in one of them only"},
		"relays to other ports":       {"{type: nflog, group: 1}", "", relay + ", {type: relay, name: r, insecure: true, port: 4822, peers: 192.0.2.11}", "", ""},
		"relays, one for trial":       {"{type: nflog, group: 1}", "", relay + ", {type: relay, name: r, insecure: true, dry_run: true, peers: 192.0.2.11}", "", ""},
		"two relay sources":           {"{type: relay, insecure: true}", "", "{type: log}", "{sources: [{type: relay, insecure: true}], sinks: [{type: log}]}", "6:24: only one stage can use UDP address :4821, and source `relay` of pipeline `p` uses it at FILE:3:22; use it in one of them only"},
		"misspelt filter":             {capture, "{type: icmp-pbt}", send, "", "4:22: unknown filter `icmp-pbt`; did you mean `icmp-ptb`?"},
	} {
		t.Run(name, func(t *testing.T) {
			text := "pipelines:\n  p:\n    sources: [" + tc.sources + "]\n    filters: [" + tc.filters + "]\n    sinks: [" + tc.sinks + "]\n"
			if tc.other != "" {
				text += "  q: " + tc.other + "\n"
			}
			path := writeText(t, "a.yaml", text)
			_, err := config.Load(t.Context(), []string{path}, cmd.Plugins())
			var mistakes config.Mistakes
			var got []string
			if errors.As(err, &mistakes) {
				for _, m := range mistakes {
					first, _, _ := strings.Cut(m.Error(), "\n")
					got = append(got, strings.ReplaceAll(strings.TrimPrefix(first, path+":"), path, "FILE"))
				}
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, text)
			}
		})
	}
}

// TestUndeclared has stages that do not say what they need of the host. A filter that is not
// opened needs nothing.
func TestUndeclared(t *testing.T) {
	path := writeText(t, "a.yaml", `pipelines:
  p:
    sources: [{type: input, interface: eth0}]
    filters: [{type: all}, {type: ports, ports: 1}]
    sinks: [{type: output, filters: [{type: ports, name: own, ports: 2}]}]
`)
	f, err := config.Load(t.Context(), []string{path}, plugins)
	if err != nil {
		t.Fatal(err)
	}
	needs, undeclared := f.Needs()
	if diff := cmp.Diff([]string{"p/input", "p/ports", "p/output", "p/own"}, undeclared); diff != "" || len(needs) != 5 {
		t.Errorf("%d needs, undeclared (-want +got):\n%s", len(needs), diff)
	}
}
