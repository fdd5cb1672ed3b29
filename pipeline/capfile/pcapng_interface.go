package capfile

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/pmtud/pmtud/pipeline"
)

// Options of an interface description block.
const (
	optionResolution = 9  // if_tsresol
	optionOffset     = 14 // if_tsoffset
)

// iface is an interface of a section.
type iface struct {
	link    pipeline.LinkType
	snaplen uint32
	binary  bool   // time stamps count 2^-exponent s, otherwise 10^-exponent s
	exp     uint8  // the exponent
	scale   uint64 // ns per unit where that is a whole number, otherwise 0
	offset  int64  // of time stamps, in seconds
}

func (d *pcapngDecoder) addInterface(body []byte) error {
	if len(d.interfaces) == MaxInterfaces {
		return fmt.Errorf("more than %d interfaces in a section", MaxInterfaces)
	}
	i := iface{link: linkTypeOf(d.uint16(body)), snaplen: d.uint32(body[4:]), exp: 6}
	o := d.options(body[8:])
	for o.next() {
		if err := i.set(&o); err != nil {
			return err
		}
	}
	if o.err != nil {
		return o.err
	}
	if !i.binary && i.exp <= 9 {
		i.scale = uint64(math.Pow10(9 - int(i.exp)))
	}
	d.interfaces = append(d.interfaces, i)
	return nil
}

// set takes over an option that is about time.
func (i *iface) set(o *options) error {
	switch o.code {
	case optionResolution:
		if len(o.value) != 1 {
			return fmt.Errorf("an interface with an if_tsresol of %d octets, not 1", len(o.value))
		}
		i.binary, i.exp = o.value[0]&0x80 != 0, o.value[0]&0x7f
		if i.binary && i.exp > 63 || !i.binary && i.exp > 19 {
			return fmt.Errorf("an interface with an if_tsresol of %#x, too fine for time stamps of 64 bits", o.value[0])
		}
	case optionOffset:
		if len(o.value) != 8 {
			return fmt.Errorf("an interface with an if_tsoffset of %d octets, not 8", len(o.value))
		}
		i.offset = int64(o.uint64(o.value))
	}
	return nil
}

var errTimeRange = errors.New("a packet with a time stamp that is not between the years 1677 and 2262")

// instant converts a time stamp. What is finer than a nanosecond is cut off.
func (i *iface) instant(stamp uint64) (pipeline.Instant, error) {
	if i.scale != 0 && i.offset == 0 {
		high, ns := bits.Mul64(stamp, i.scale)
		if high != 0 || ns > math.MaxInt64 {
			return 0, errTimeRange
		}
		return pipeline.Instant(ns), nil
	}
	return i.slowInstant(stamp)
}

func (i *iface) slowInstant(stamp uint64) (pipeline.Instant, error) {
	perSecond := uint64(1) << i.exp
	if !i.binary {
		perSecond = power10(i.exp)
	}
	const most = math.MaxInt64/1_000_000_000 - 1 // seconds of an Instant, of either sign
	seconds := stamp / perSecond
	if seconds > 2*most || i.offset > most || i.offset < -3*most {
		return 0, errTimeRange
	}
	sum := int64(seconds) + i.offset
	if sum > most || sum < -most {
		return 0, errTimeRange
	}
	high, low := bits.Mul64(stamp%perSecond, 1_000_000_000)
	ns, _ := bits.Div64(high, low, perSecond)
	return pipeline.Instant(sum*1_000_000_000 + int64(ns)), nil
}

func power10(exp uint8) uint64 {
	p := uint64(1)
	for range exp {
		p *= 10
	}
	return p
}
