package firewall

import (
	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// dump asks nf_tables for all that there is of a kind (NFT_MSG_GET...) and a family, by further attributes, and
// has each answer read. The first error of a decoder ends it.
func dump(kind uint16, family nftables.TableFamily, attributes []byte, read func(nftables.TableFamily, *netlink.AttributeDecoder)) error {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return err
	}
	defer c.Close()
	const nfgenmsg = 4 // bytes of struct nfgenmsg (linux/netfilter/nfnetlink.h), the first of which is the family
	answers, err := c.Execute(netlink.Message{
		Header: netlink.Header{
			Type:  netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | kind),
			Flags: netlink.Request | netlink.Dump,
		},
		Data: append([]byte{byte(family), 0, 0, 0}, attributes...),
	})
	if err != nil {
		return err
	}
	for _, m := range answers {
		if len(m.Data) < nfgenmsg {
			continue
		}
		d, err := netlink.NewAttributeDecoder(m.Data[nfgenmsg:])
		if err != nil {
			return err
		}
		read(nftables.TableFamily(m.Data[0]), d)
		if d.Err() != nil {
			return d.Err()
		}
	}
	return nil
}
