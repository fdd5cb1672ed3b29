package pipeline

import "github.com/pmtud/pmtud/pipeline/setting"

// A HostUser is a stage that uses something of the host. Tools read what a pipeline
// needs before it is opened: to find stages that would be in each other's way, to
// tell what a host lacks, and to give up every right that is not on the list.
type HostUser interface {
	// Needs returns what the stage will use. It touches nothing, and its answer
	// does not change.
	Needs() Needs
}

// Needs is what a stage uses of the host.
type Needs struct {
	Interfaces   []string // names
	Files        []File
	Capabilities []string // of capabilities(7), for example "CAP_NET_RAW"
	Families     []string // of socket(2), for example "AF_PACKET"

	// Netlink names protocols of AF_NETLINK beside NETLINK_ROUTE (netlink(7)), for
	// example "NETLINK_NETFILTER".
	Netlink []string

	// NFLOGGroups are netlink groups of netfilter's log that it reads.
	NFLOGGroups []uint16

	// Hosts are addresses or names that it sends to by normal routing. Names need
	// the resolver and its files.
	Hosts []string

	// TCP and UDP are destinations that it sends to, each "host:port" with a number for the
	// port. A host that is a name is looked up: the resolver's files need not be listed, nor
	// the families of any of these.
	TCP, UDP []string

	// Exclusive names what no other stage of the host may use at the same time,
	// such as "nflog group 33". A reload closes the old stage before it opens a new
	// one that shares a name with it.
	Exclusive []string

	// Unique names what only one stage of a configuration may do, such as "relay to port
	// 4821 of 192.0.2.1". On a reload the old stage may still do it when the new one begins.
	Unique []string

	// Emits and Hears name what a sink gives to the host and a source takes from
	// it, such as "frames sent on eth0" or "file /var/lib/x.pcap". A sink that emits
	// what a source of its own pipeline hears would feed itself, unless a filter
	// between them Stops it. What is heard and stopped may be a pattern of
	// [path/filepath.Match].
	Emits, Hears, Stops []string

	// Limit says that a sink sends so much for one packet that a filter before it has to
	// limit all packets together. Limits says that a filter does.
	Limit, Limits bool

	// Warnings tell what settings do that may not be meant, though it is right.
	Warnings []setting.Error

	// Drops says that a sink wants to see what the pipeline's filters dropped, too.
	// Packet.Verdict distinguishes it.
	Drops bool
}

// File is a file that a stage opens, now or later.
type File struct {
	Path     string // as the settings have it; a pattern of [path/filepath.Match] for several
	Writes   bool   // it creates, writes and removes files of this name, with suffixes of its own
	Optional bool   // it need not be there
}
