package threat_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/nftables"

	"github.com/pmtud/pmtud/cmd/internal/lab"
	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
	"github.com/pmtud/pmtud/configs"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// mode is a way to run pmtud on the servers.
type mode struct {
	name        string
	recommended bool // its filters are those of the recommended configuration

	// arguments returns the command line for a server, and may write files to dir.
	arguments func(dir string, n *lab.Network, s *lab.Server) ([]string, error)
	nflog     bool // by a rule that logs ICMP
	copies    int  // packets that three servers send for one that passes
}

var modes = []mode{
	{name: "broadcast, compat", copies: 1, arguments: options()},
	{name: "broadcast, recommended", recommended: true, copies: 1, arguments: recommended(source, broadcast)},
	{name: "peers, compat", copies: 2, arguments: options("--peers")},
	{name: "peers, recommended", recommended: true, copies: 2, arguments: recommended(source, peers)},
	{name: "relay, recommended", recommended: true, copies: 2, arguments: recommended(source, relay)},
	{name: "nflog, compat", copies: 1, nflog: true, arguments: options("--nflog", nflogGroup)},
	{name: "nflog, recommended", recommended: true, copies: 1, nflog: true, arguments: recommended("      - {type: nflog, group: "+nflogGroup+"}\n", broadcast)},
}

// Parts of the recommended configuration, and what modes have instead of them.
const (
	source    = "      - type: pcap\n        interface: eth0\n"
	ports     = "ports: [tcp]"
	broadcast = "      - {type: broadcast, interface: eth0}\n"
	peers     = "      - {type: peers, addresses: [PEERS]}\n"
	relay     = "      - {type: relay, peers: [PEERS], insecure: true}\n" +
		"  receive:\n    sources: [{type: relay, insecure: true}]\n" +
		"    filters: [{type: icmp-ptb}, {type: iface-rate, rate: 1000}]\n    sinks: [{type: inject}]\n"
	nflogGroup = "33"
)

// options returns the original command line, with the addresses of the servers behind
// --peers.
func options(more ...string) func(string, *lab.Network, *lab.Server) ([]string, error) {
	return func(_ string, n *lab.Network, _ *lab.Server) ([]string, error) {
		arguments := append([]string{"--iface", lab.Interface}, more...)
		if len(more) == 1 {
			arguments = append(arguments, addresses(n, ""))
		}
		return arguments, nil
	}
}

// recommended writes the recommended configuration with another source and sink, and
// with QUIC's port listed, and returns the command line that runs it.
func recommended(from, sink string) func(string, *lab.Network, *lab.Server) ([]string, error) {
	return func(dir string, n *lab.Network, s *lab.Server) ([]string, error) {
		text, _, found := strings.Cut(configs.Recommended("yaml"), "    sinks:\n")
		if !found || !strings.Contains(text, source) || !strings.Contains(text, ports) {
			return nil, fmt.Errorf("the recommended configuration has changed:\n%s", text)
		}
		text = strings.Replace(text, source, from, 1)
		text = strings.Replace(text, ports, fmt.Sprintf("ports: [tcp, %d/udp]", listedPort), 1)
		text += "    sinks:\n" + strings.ReplaceAll(sink, "PEERS", addresses(n, `"`))
		path := filepath.Join(dir, s.Name+".yaml")
		return []string{"run", "-c", path}, os.WriteFile(path, []byte(text), 0o600)
	}
}

// addresses returns those of the servers, in quotation marks or without.
func addresses(n *lab.Network, mark string) string {
	var all []string
	for _, s := range n.Servers {
		all = append(all, mark+s.Addr.String()+mark)
	}
	return strings.Join(all, ",")
}

// logICMP has a server log what arrives of ICMP.
func logICMP(ns *netns.NS) error {
	return rig.LogICMP(ns, nftables.ChainHookPrerouting, nftables.ChainPriorityFilter)
}
