package probe

import (
	"context"
	"net/netip"
	"time"
)

// Options say what is probed.
type Options struct {
	Host     string            // for the report
	Address  netip.Addr        // with a zone where it is link-local
	From     netip.Addr        // an address of this host; invalid: the kernel chooses
	TCP      uint16            // a port to try; 0: none
	Progress func(text string) // is told what goes on; nil: nobody is
}

// Times and numbers of probes.
const (
	tries     = 3                      // of probes without an answer (RFC 8899, MAX_PROBES)
	longest   = time.Second            // wait for answers, also while the round trip is not known
	shortest  = 200 * time.Millisecond // wait for answers
	refill    = time.Second            // routers and hosts mostly answer once in this time
	ttl       = 64                     // of probes to the host
	window    = 8                      // hops that are asked at once
	tinySize  = 64                     // bytes of a probe that gets through everywhere
	largest   = 65535                  // bytes of an IPv4 packet
	minimum4  = 68                     // RFC 791
	minimum6  = 1280                   // RFC 8200
	headers4  = 20
	headers6  = 40
	headerUDP = 8 // as long as that of an ICMP echo
	headerTCP = 20
)

// Run probes the path to a host. It needs no rights, and returns the context's error only.
func Run(ctx context.Context, o Options) (*Path, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	p := prober{Options: o, path: &Path{Host: o.Host, Address: o.Address}}
	if err := p.run(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		p.path.Verdict, p.path.Error = Failed, err.Error()
	}
	return p.path, nil
}
