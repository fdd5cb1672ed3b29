// Package relay has the source `relay`, which receives the IP packets that sinks `relay` of
// other hosts send: see [github.com/pmtud/pmtud/pipeline/sealed] for their format and for
// what is refused.
//
// Its packets begin with the IP header and are marked as relayed, so the engine gives them
// to no sink that sends to other hosts. What came within two seconds before, by whichever
// host, is a repetition and is dropped: when several hosts capture the same packet, one
// copy is enough. So nothing that a pipeline behind this source injects is injected twice.
//
// Everything that is refused is counted by its reason and costs no more than a look at it.
// The kernel counts what found no room in the socket's buffer. A reload that changes the
// pipeline closes the socket before it opens the next one; what comes meanwhile is lost.
package relay

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/prefixset"
	"github.com/pmtud/pmtud/pipeline/sealed"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Settings of the source.
type Settings struct {
	Listen   string             `setting:"listen" pattern:"^(([0-9.]+|\\[[0-9a-fA-F:.]+(%[^/: ]{1,15})?\\])?:[0-9]+)$" example:":4821" doc:"UDP address and port to receive on; without an address, all IPv4 and IPv6 addresses"`
	Key      []string           `setting:"key" secret:"true" example:"a-secret-of-your-own" doc:"secret texts of at least 16 bytes that all hosts share; each is accepted"`
	From     []prefixset.Prefix `setting:"from" pattern:"^[0-9a-fA-F.:]+(/[0-9]+)?$" example:"192.0.2.0/24,2001:db8::/32" doc:"prefixes that datagrams may come from; any if empty"`
	Insecure bool               `setting:"insecure" example:"true" doc:"work without a key: anyone who can send to this host can then forge messages"`
}

// DefaultListen is where the source receives by default.
const DefaultListen = ":4821"

// Plugin returns the source `relay`.
func Plugin() pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[Settings]{
		Type:     "relay",
		Summary:  "receives whole messages that the sink relay of other hosts sends",
		Metrics:  metrics(),
		Defaults: Settings{Listen: DefaultListen},
		New:      New,
	})
}

// New returns the source, a [pipeline.LossySource] and [pipeline.Measurer].
func New(s Settings, env pipeline.Env) (pipeline.Source, error) {
	keys, err := sealed.Keys(s.Key, s.Insecure)
	if err != nil {
		return nil, setting.Errorf("key", "%w", err)
	}
	if err := checkListen(s.Listen); err != nil {
		return nil, setting.Errorf("listen", "%w", err)
	}
	return newSource(s, &receiver{
		opener:  sealed.NewOpener(keys, sealed.DefaultSenders),
		from:    prefixset.New(s.From),
		arrived: env.Arrived,
		log:     env.Log,
	}), nil
}

// checkListen takes ":4821", "192.0.2.1:4821" or "[2001:db8::1]:4821". Names would have to be
// looked up.
func checkListen(s string) error {
	if port, ok := strings.CutPrefix(s, ":"); ok {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("%q has no port from 1 to 65535; write it as %q", s, DefaultListen)
		}
		return nil
	}
	at, err := netip.ParseAddrPort(s)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not an address with a port; write it as %q, %q or %q", s, DefaultListen, "192.0.2.1:4821", "[2001:db8::1]:4821")
	case at.Port() == 0:
		return fmt.Errorf("%q has port 0", s)
	case at.Addr().IsMulticast():
		return fmt.Errorf("%q is a multicast address", s)
	}
	return nil
}
