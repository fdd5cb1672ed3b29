package lab

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/pmtud/pmtud/configs"
)

// Placeholders of secrets in the configurations of pmtud and of the NATS servers.
const (
	sendPassword    = "the password of the senders"
	receivePassword = "the password of the receivers"
	leafPassword    = "leaf"
)

// natsConfiguration is a [Config.Configuration] that is configs/sites.yaml, filled in for the
// NATS server of the network's site.
func natsConfiguration(n *Network, _ *Server) (string, error) {
	server := netip.AddrPortFrom(host(n.Config.plan().lan(0), natsHost).Addr(), 4222)
	return fill(
		configs.Sites,
		`"nats://nats.site.example.net"`, fmt.Sprintf("%q", server.String()),
		`"${PMTUD_NATS_SEND}"`, fmt.Sprintf("%q", sendPassword),
		`"${PMTUD_NATS_RECEIVE}"`, fmt.Sprintf("%q", receivePassword),
		`"${PMTUD_KEY}"`, `"a secret of the lab's servers"`,
	)
}

// writeNATSFiles writes the configurations of NATS servers to a folder.
func writeNATSFiles(dir string) error {
	for name, text := range configs.NATS() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("configure NATS server: %w", err)
		}
	}
	return nil
}

// natsEnvironment returns what the configurations take from the environment.
func natsEnvironment(hub netip.Addr) []string {
	return []string{
		// A text in quotes, as configurations of nats-server have it.
		fmt.Sprintf("PMTUD_NATS_SEND=%q", sendPassword),
		fmt.Sprintf("PMTUD_NATS_RECEIVE=%q", receivePassword),
		"PMTUD_NATS_LEAF=" + leafPassword,
		fmt.Sprintf("PMTUD_NATS_HUB=%q", "nats-leaf://leaf:"+leafPassword+"@"+netip.AddrPortFrom(hub, 7422).String()),
	}
}
