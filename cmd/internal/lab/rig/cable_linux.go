package rig

import (
	"errors"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// Interface is the name of both ends of a [Cable].
const Interface = "eth0"

// HostMAC is the hardware address of the host's end, to which [pipelinetest.PTB] is
// addressed by default.
var HostMAC = [6]byte{2, 0, 0, 0, 0, 2}

// Cable leads from a host to a wire, which are namespaces. Neither sends anything by
// itself.
type Cable struct{ Host, Wire *netns.NS }

// NewCable makes both ends. Close it after use.
func NewCable() (*Cable, error) {
	host, err := netns.New("host")
	if err != nil {
		return nil, err
	}
	wire, err := netns.New("wire")
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	c := &Cable{host, wire}
	err = errors.Join(
		host.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		wire.Sysctl("net.ipv6.conf.default.disable_ipv6", "1"),
		c.Connect(),
	)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Connect makes the interfaces, which [NewCable] does too. It is for those that were
// deleted.
func (c *Cable) Connect() error {
	return errors.Join(netns.Veth(c.Host, Interface, c.Wire, Interface), c.Host.SetMAC(Interface, HostMAC[:]))
}

// Close removes both ends.
func (c *Cable) Close() error { return errors.Join(c.Host.Close(), c.Wire.Close()) }
