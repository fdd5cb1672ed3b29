package cmd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/columns"
	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/configs"
	"github.com/pmtud/pmtud/filters/vips"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// fit is a configuration that fits a host, and why.
type fit struct {
	text    string
	iface   string
	reasons []string
}

// fitHost returns the configuration that fits this host. An empty iface is chosen.
func fitHost(format, iface string) (*fit, error) {
	host, err := hostcheck.Look()
	if err != nil {
		return nil, err
	}
	shared, err := vips.On(configs.ServiceInterface)
	if err != nil {
		return nil, err
	}
	f := &fit{text: configs.Recommended(format), iface: iface}
	f.chooseInterface(host)
	if len(host.NAT)+len(host.DataPlanes) > 0 {
		if format != "yaml" {
			return nil, errors.New("this host translates destinations, and the configuration for that is in YAML only; convert it with `pmtud config --format toml`")
		}
		f.relay(host)
	} else {
		f.broadcast(host, shared, format)
	}
	for _, unseen := range host.Unseen {
		f.because("not examined: %s.", unseen)
	}
	return f, nil
}

func (f *fit) because(format string, args ...any) {
	f.reasons = append(f.reasons, fmt.Sprintf(format, args...))
}

// chooseInterface takes the interface of the default route, or the only one.
func (f *fit) chooseInterface(host *hostcheck.Survey) {
	var names []string
	for _, i := range host.Interfaces {
		names = append(names, i.Name)
	}
	switch {
	case f.iface != "":
		f.because("interface %s: given by --iface.", f.iface)
	case len(host.Default) > 0:
		f.iface = host.Default[0]
		f.because("interface %s: the default route goes through it. If the servers' LAN is on another one, use --iface.", f.iface)
		if len(host.Default) > 1 {
			f.because("other default routes go through %s.", strings.Join(host.Default[1:], ", "))
		}
	case len(names) == 1:
		f.iface = names[0]
		f.because("interface %s: the only one that is up.", f.iface)
	default:
		f.iface = configs.Interface
		f.because("interface %s: a guess, since there is no default route. Choose one with --iface; these are up: %s.", f.iface, strings.Join(names, ", "))
	}
}

// broadcast fits the recommended configuration, for servers on one LAN.
func (f *fit) broadcast(host *hostcheck.Survey, shared []netip.Addr, format string) {
	f.because("sink broadcast: no destination NAT or Kubernetes was found on this host. If the servers are in several subnets, use configs/peers.toml.")
	if len(shared) > 0 {
		var addrs []string
		for _, a := range shared {
			addrs = append(addrs, a.String())
		}
		f.text = configs.UseVIPs(f.text, format)
		f.because("filter vips: the servers share the addresses on %s, currently %s.", configs.ServiceInterface, strings.Join(addrs, ", "))
	} else {
		f.because("no filter vips: %s has no address that the servers could share.", configs.ServiceInterface)
	}
	if larger := f.larger(host.Interfaces); len(larger) > 0 {
		f.text = configs.AnyMTU(f.text, format)
		f.because("filter sane without an interface: %s. Messages about connections through such interfaces may have MTUs that are too large for %s.", strings.Join(larger, ", "), f.iface)
	}
}

// larger returns the other interfaces whose MTU is larger.
func (f *fit) larger(all []net.Interface) (found []string) {
	i := slices.IndexFunc(all, func(i net.Interface) bool { return i.Name == f.iface })
	if i < 0 {
		return nil
	}
	for _, other := range all {
		if other.MTU > all[i].MTU {
			found = append(found, fmt.Sprintf("the MTU of %s is %d, that of %s is %d", other.Name, other.MTU, f.iface, all[i].MTU))
		}
	}
	return found
}

// relay fits the configuration for hosts that translate destinations.
func (f *fit) relay(host *hostcheck.Survey) {
	f.text = configs.Relay
	f.because("relay and inject: broadcast copies do not reach connections whose destination is translated. To do: list the other hosts as peers, and set PMTUD_KEY.")
	for _, chain := range host.NAT {
		f.because("destination NAT: %s.", chain)
	}
	for _, p := range host.DataPlanes {
		f.because("%s: %s.", p.Name, strings.Trim(p.State+"; "+p.Advice, "; "))
	}
}

// comment returns the reasons as a comment.
func (f *fit) comment() string {
	var out strings.Builder
	out.WriteString("# Written by `pmtud init`, which examined this host:\n#\n")
	for _, reason := range f.reasons {
		start := "# - "
		for _, line := range setting.Wrap(reason, columns.Width-len(start)) {
			out.WriteString(start + line + "\n")
			start = "#   "
		}
	}
	return out.String() + "\n"
}
