package capfile

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/pmtud/pmtud/pipeline"
)

// Options of an interface description block.
const (
	optionResolution = 9  // if_tsresol
	optionFCS        = 13 // if_fcslen
	optionOffset     = 14 // if_tsoffset
)

// iface is an interface of a section.
type iface struct {
	medium
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
	i := iface{snaplen: d.uint32(body[4:]), exp: 6}
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
	i.medium = newMedium(linkTypeOf(d.uint16(body)), i.fcs)
	d.interfaces = append(d.interfaces, i)
	return nil
}

// set takes over an option that is about time or the frame check sequence.
func (i *iface) set(o *options) error {
	switch o.code {
	case optionResolution:
		if len(o.value) != 1 {
			return fmt.Errorf("an interface with an if_tsresol of %d bytes, not 1", len(o.value))
		}
		i.binary, i.exp = o.value[0]&0x80 != 0, o.value[0]&0x7f
		if i.binary && i.exp > 63 || !i.binary && i.exp > 19 {
			return fmt.Errorf("an interface with an if_tsresol of %#x, too fine for 64-bit timestamps", o.value[0])
		}
	case optionOffset:
		if len(o.value) != 8 {
			return fmt.Errorf("an interface with an if_tsoffset of %d bytes, not 8", len(o.value))
		}
		i.offset = int64(o.uint64(o.value))
	case optionFCS:
		if len(o.value) == 1 {
			i.fcs = o.value[0]
		}
	}
	return nil
}

// maxTime is the time, in nanoseconds before or after 1970, to which time stamps are
// clamped: in the years 1823 and 2116. The difference of two is still an Instant.
const maxTime = 1 << 62

// instant converts a time stamp. What is finer than a nanosecond is cut off. It
// reports false if the time stamp had to be clamped.
func (i *iface) instant(stamp uint64) (t pipeline.Instant, ok bool) {
	if i.scale != 0 && i.offset == 0 {
		high, ns := bits.Mul64(stamp, i.scale)
		if high != 0 || ns > maxTime {
			return maxTime, false
		}
		return pipeline.Instant(ns), true
	}
	return i.slowInstant(stamp)
}

func (i *iface) slowInstant(stamp uint64) (t pipeline.Instant, ok bool) {
	perSecond := uint64(1) << i.exp
	if !i.binary {
		perSecond = power10(i.exp)
	}
	const most = maxTime/1_000_000_000 - 1 // seconds, of either sign
	low, carry := bits.Add64(stamp/perSecond, uint64(i.offset), 0)
	high := i.offset>>63 + int64(carry) // of a sum of 128 bits
	switch {
	case high > 0 || high == 0 && low > most:
		return maxTime, false
	case high < 0 && int64(low) < -most:
		return -maxTime, false
	}
	part, rest := bits.Mul64(stamp%perSecond, 1_000_000_000)
	ns, _ := bits.Div64(part, rest, perSecond)
	return pipeline.Instant(int64(low)*1_000_000_000 + int64(ns)), true
}

func power10(exp uint8) uint64 {
	p := uint64(1)
	for range exp {
		p *= 10
	}
	return p
}
