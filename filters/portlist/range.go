package portlist

import (
	"fmt"
	"math"
	"strings"

	"github.com/pmtud/pmtud/pipeline/wire"
)

// Range is a range of ports, both ends included, of one protocol or of all that have
// ports.
type Range struct {
	First, Last uint16
	Protocol    wire.Protocol // 0: each that has ports
}

// withPorts are the protocols that have ports, in the order of the documentation.
var withPorts = []wire.Protocol{wire.ProtoTCP, wire.ProtoUDP, wire.ProtoSCTP, wire.ProtoDCCP, wire.ProtoUDPLite}

// protocols returns the protocols that the range is of.
func (r Range) protocols() []wire.Protocol {
	if r.Protocol != 0 {
		return []wire.Protocol{r.Protocol}
	}
	return withPorts
}

// UnmarshalText reads "80" or "8000-8080", maybe with a protocol, as in "443/udp", or a
// protocol alone, for all of its ports. Numbers are decimal digits and nothing else.
func (r *Range) UnmarshalText(text []byte) error {
	if strings.Contains(string(text), ",") {
		return fmt.Errorf("%q is not a port; write several as a list, such as [80, 443]", text)
	}
	if number, ok := protocolNamed(string(text)); ok {
		*r = Range{0, math.MaxUint16, number}
		return nil
	}
	numbers, name, named := strings.Cut(string(text), "/")
	var read Range
	if named {
		var ok bool
		if read.Protocol, ok = protocolNamed(name); !ok {
			return fmt.Errorf("%q is not a protocol with ports; write one of %s", name, protocolNames())
		}
	}
	if err := read.setPorts(numbers); err != nil {
		return err
	}
	*r = read
	return nil
}

// protocolNamed returns the protocol with ports of a name.
func protocolNamed(name string) (p wire.Protocol, ok bool) {
	p, _ = wire.ProtocolNamed(name)
	return p, p.HasPorts()
}

func protocolNames() string {
	names := make([]string, len(withPorts))
	for i, p := range withPorts {
		names[i] = p.String()
	}
	return strings.Join(names, ", ")
}

// setPorts reads "80" or "8000-8080".
func (r *Range) setPorts(text string) error {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	if first == "" || last == "" {
		return notPort(text)
	}
	var err error
	if r.First, err = parsePort(first); err != nil {
		return err
	}
	if r.Last, err = parsePort(last); err != nil {
		return err
	}
	if r.First > r.Last {
		return fmt.Errorf("%q is not a range: it ends before it begins; write %s-%s", text, last, first)
	}
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// String returns what UnmarshalText reads.
func (r Range) String() string {
	name := ""
	if r.Protocol != 0 {
		name = r.Protocol.String()
	}
	switch {
	case name != "" && r.First == 0 && r.Last == math.MaxUint16:
		return name
	case name != "":
		name = "/" + name
	}
	if r.First == r.Last {
		return fmt.Sprint(r.First) + name
	}
	return fmt.Sprintf("%d-%d%s", r.First, r.Last, name)
}

// parsePort is stricter than strconv, which takes signs.
func parsePort(s string) (uint16, error) {
	port := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || port > 65535 {
			return 0, notPort(s)
		}
		port = 10*port + int(c-'0')
	}
	if port > 65535 {
		return 0, notPort(s)
	}
	return uint16(port), nil
}

func notPort(s string) error {
	return fmt.Errorf("%q is not a port; write a number from 0 to 65535, a range such as 8000-8080, or a protocol such as tcp", s)
}
