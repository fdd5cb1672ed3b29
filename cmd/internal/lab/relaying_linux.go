package lab

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/configs"
)

// Relaying returns a [Config.Configuration] that is configs/relay.yaml, filled in for the
// network's servers. The sink inject has further settings, each a line such as
// "as_from: eth0".
func Relaying(inject ...string) func(*Network, *Server) (string, error) {
	return func(n *Network, _ *Server) (string, error) {
		var peers []string
		for _, s := range n.Servers {
			peers = append(peers, fmt.Sprintf("%q", s.Addr))
		}
		settings := strings.Join(append([]string{"- type: inject"}, inject...), "\n        ")
		return fill(
			configs.Relay,
			`peers: [192.0.2.11, 192.0.2.12, "2001:db8:2::11"]`, "peers: ["+strings.Join(peers, ", ")+"]",
			`"${PMTUD_KEY}"`, `"a secret of the lab's servers"`,
			"ports: [tcp]", `ports: [tcp, "80/udp"]`, // RunSingle's datagrams
			"- type: inject", settings,
		)
	}
}

// fill replaces parts of a text, each of which it must have.
func fill(text string, oldnew ...string) (string, error) {
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(text, oldnew[i]) {
			return "", fmt.Errorf("the configuration has no %s to fill in", oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(text), nil
}
