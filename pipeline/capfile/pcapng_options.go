package capfile

import "errors"

// options walks the options of a block.
type options struct {
	byteOrder
	rest  []byte
	code  uint16
	value []byte
	err   error
}

func (d *pcapngDecoder) options(b []byte) options { return options{byteOrder: d.byteOrder, rest: b} }

var errOption = errors.New("a block with an option that does not end within it")

// next moves on to the next option and reports whether there is one.
func (o *options) next() bool {
	if len(o.rest) == 0 { // else there are four bytes, as all lengths are multiples of that
		return false
	}
	o.code = o.uint16(o.rest)
	length := int(o.uint16(o.rest[2:]))
	if o.code == 0 { // the end of options
		return false
	}
	padded := 4 + (length+3)&^3
	if padded > len(o.rest) {
		o.err = errOption
		return false
	}
	o.value, o.rest = o.rest[4:4+length], o.rest[padded:]
	return true
}
