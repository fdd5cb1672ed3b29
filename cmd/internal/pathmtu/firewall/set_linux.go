package firewall

import (
	"encoding/binary"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// element is one of a set or map. Package nftables does not read the verdicts of maps.
type element struct {
	key, value []byte
	verdict    *expr.Verdict
	end        bool // of an interval
}

// elements returns the elements of a set, or none if they can't be read.
func (r *Rules) elements(t *nftables.Table, name string) []element {
	key := setKey{t.Family, t.Name, name}
	if found, ok := r.sets[key]; ok {
		return found
	}
	found, _ := readSet(t, name) // what can't be read is taken not to match
	r.sets[key] = found
	return found
}

func readSet(t *nftables.Table, name string) (elements []element, err error) {
	attributes := netlink.NewAttributeEncoder()
	attributes.String(unix.NFTA_SET_ELEM_LIST_TABLE, t.Name)
	attributes.String(unix.NFTA_SET_ELEM_LIST_SET, name)
	encoded, err := attributes.Encode()
	if err != nil {
		return nil, err
	}
	err = dump(unix.NFT_MSG_GETSETELEM, t.Family, encoded, func(_ nftables.TableFamily, d *netlink.AttributeDecoder) {
		for d.Next() {
			if d.Type() == unix.NFTA_SET_ELEM_LIST_ELEMENTS {
				d.Nested(func(list *netlink.AttributeDecoder) error {
					for list.Next() {
						var e element
						list.Nested(e.read)
						elements = append(elements, e)
					}
					return list.Err()
				})
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return elements, nil
}

func (e *element) read(d *netlink.AttributeDecoder) error {
	for d.Next() {
		switch d.Type() {
		case unix.NFTA_SET_ELEM_KEY:
			d.Nested(func(d *netlink.AttributeDecoder) error { return readData(d, &e.key, nil) })
		case unix.NFTA_SET_ELEM_DATA:
			d.Nested(func(d *netlink.AttributeDecoder) error { return readData(d, &e.value, &e.verdict) })
		case unix.NFTA_SET_ELEM_FLAGS:
			e.end = binary.BigEndian.Uint32(d.Bytes())&unix.NFT_SET_ELEM_INTERVAL_END != 0
		}
	}
	return d.Err()
}

// readData reads a value or a verdict.
func readData(d *netlink.AttributeDecoder, value *[]byte, verdict **expr.Verdict) error {
	for d.Next() {
		switch d.Type() {
		case unix.NFTA_DATA_VALUE:
			*value = d.Bytes()
		case unix.NFTA_DATA_VERDICT:
			if verdict == nil {
				continue
			}
			v := &expr.Verdict{}
			d.Nested(func(d *netlink.AttributeDecoder) error {
				for d.Next() {
					switch d.Type() {
					case unix.NFTA_VERDICT_CODE:
						v.Kind = expr.VerdictKind(int32(binary.BigEndian.Uint32(d.Bytes())))
					case unix.NFTA_VERDICT_CHAIN:
						v.Chain = d.String()
					}
				}
				return d.Err()
			})
			*verdict = v
		}
	}
	return d.Err()
}
