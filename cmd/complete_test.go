package cmd_test

import (
	"net"
	"strings"
	"testing"
)

// TestComplete asks what shells would offer, as their scripts do.
func TestComplete(t *testing.T) {
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	first := interfaces[0].Name
	for _, tc := range []struct {
		args string // the last word is the one to complete; @ if it is empty
		want []string
	}{
		{"@", []string{"check\t", "plugins\t", "replay\t"}},
		{"plug", []string{"plugins\t"}},
		{"--iface", []string{"--iface\tINTERFACE to listen and send on"}},
		{"run --us", []string{"--user\tname or number of the USER to become"}},
		{"plugins @", []string{"pcap\tsource: captures", "pcap-file\tsource: reads", "mtu\tfilter: drops", ":4"}},
		{"plugins pcap @", []string{":4"}},
		{"plugins --format @", []string{"text", "json", ":4"}},
		{"--iface @", []string{first + "\tMTU ", ":4"}},
		{"-i @", []string{first + "\tMTU ", ":4"}},
		{"replay --iface @", []string{first + "\tMTU ", ":4"}},
		{"--print-config=@", []string{"yaml", "toml", ":4"}},
		{"run -c @", []string{"yaml", "yml", "toml", "json", ":8"}},
		{"check --config @", []string{"yaml", "toml", ":8"}},
		{"replay @", []string{"pcap", "pcapng", "zst", ":8"}},
		{"replay --speed @", []string{"max", "original", ":4"}},
		{"replay -c ../configs/edge.yaml --pipeline @", []string{"edge", ":4"}},
		{"replay -c ../configs/edge.yaml -c ../configs/peers.toml --pipeline @", []string{"edge", "peers", ":4"}},
		{"replay --pipeline @", []string{":4"}},
		{"trace --link @", []string{"ethernet", "raw", ":4"}},
		{"doctor -c @", []string{"yaml", "toml", ":8"}},
		{"cache @", []string{"list\t", "flush\t", ":4"}},
		{"cache list @", []string{":4"}},
		{"probe --tcp @", []string{"80", "443", ":4"}},
		{"probe @", []string{":4"}},
		{"probe --format @", []string{"text", "json", ":4"}},
		{"help @", []string{"check\t", "replay\t", ":4"}},
		{"completion @", []string{"bash", "zsh", "fish", ":4"}},
		{"test @", []string{"yaml", "toml", ":8"}},
	} {
		t.Run(tc.args, func(t *testing.T) {
			args := []string{"__complete"}
			for word := range strings.FieldsSeq(tc.args) {
				args = append(args, strings.TrimSuffix(word, "@"))
			}
			got := "\n" + run(t, args...).stdout
			for _, want := range tc.want {
				if !strings.Contains(got, "\n"+want) {
					t.Errorf("%q is missing in%s", want, got)
				}
			}
		})
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if text := done(t, run(t, "completion", shell)); !strings.Contains(text, "pmtud") {
			t.Errorf("no completion for %s", shell)
		}
	}
}
