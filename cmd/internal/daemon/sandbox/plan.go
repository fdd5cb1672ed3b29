package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Plan is what a process keeps.
type Plan struct {
	User *User // whom it becomes; nil: it stays who it is

	Capabilities []string // "CAP_NET_RAW"
	Families     []string // of sockets, "AF_PACKET"
	Streams      []string // families of sockets for connections alone, where Families lacks them
	Netlink      []string // protocols of AF_NETLINK, "NETLINK_NETFILTER"; NETLINK_ROUTE is always kept

	Read  []string // folders and files that it may read, with all below them
	Write []string // folders in which it may make, write, rename and remove files

	Files []string // those of Read that are known by name

	Listen  []uint16 // TCP ports to listen on
	Connect []uint16 // TCP ports to connect to

	// SendsUDP says that it sends UDP, which no kernel so far confines to a port.
	SendsUDP bool
}

// Add adds what a stage needs. An error says which destination is none.
func (p *Plan) Add(n pipeline.Needs) error {
	p.Capabilities = with(p.Capabilities, n.Capabilities...)
	p.Families = with(p.Families, n.Families...)
	p.Netlink = with(p.Netlink, n.Netlink...)
	for _, f := range n.Files {
		if f.Writes {
			p.Write = with(p.Write, folder(f.Path))
		} else {
			p.AddFile(f.Path)
		}
	}
	if len(n.Hosts) > 0 {
		p.Connect = with(p.Connect, dnsPort)
	}
	for _, destination := range n.TCP {
		if err := p.addTCP(destination); err != nil {
			return err
		}
	}
	for _, destination := range n.UDP {
		if err := p.addUDP(destination); err != nil {
			return err
		}
	}
	return nil
}

// AddFile adds a file that is read, or a pattern of files: also when it was
// replaced, or a link that leads to it is, by one to a neighbour. Where a link leads to
// something that is not there yet, as /etc/resolv.conf may early in the start of a host,
// it adds the nearest folder that is.
func (p *Plan) AddFile(path string) {
	p.Read = with(p.Read, folder(path))
	for _, dir := range besideTargets(path) {
		p.Read = with(p.Read, dir)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		p.Read = with(p.Read, filepath.Dir(target))
	} else if dir := nearest(path); isLink(path) && dir != "/" {
		p.Read = with(p.Read, dir)
	}
	if !isPattern(path) {
		p.Files = with(p.Files, path)
	}
}

// AddListener adds a TCP port to listen on.
func (p *Plan) AddListener(port uint16) {
	p.Listen = with(p.Listen, port)
	p.Families = with(p.Families, "AF_INET", "AF_INET6")
}

// besideTargets returns the folders of what the links in a path lead to, those to the
// folders of the root excepted, beside which all else lies.
func besideTargets(path string) (dirs []string) {
	for at := range len(path) {
		if path[at] != filepath.Separator {
			continue
		}
		link := path[:at]
		if !isLink(link) {
			continue
		}
		target, err := filepath.EvalSymlinks(link)
		if dir := filepath.Dir(target); err == nil && dir != "/" {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == os.ModeSymlink
}

// maxLinks is how many links are followed (MAXSYMLINKS in linux/namei.h).
const maxLinks = 40

// nearest returns the last folder on the way to a file that is there.
func nearest(path string) string {
	for links := 0; ; {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
		target, err := os.Readlink(path)
		switch {
		case err != nil || links == maxLinks:
			path = filepath.Dir(path)
		case filepath.IsAbs(target):
			path, links = target, links+1
		default:
			path, links = filepath.Join(filepath.Dir(path), target), links+1
		}
	}
}

func isPattern(path string) bool { return strings.ContainsAny(path, `*?[\`) }

// folder returns the folder below which all files lie that a path or pattern stands
// for.
func folder(path string) string {
	dir := filepath.Dir(path)
	for isPattern(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

// with returns the list with the new elements that it lacks.
func with[T comparable](list []T, elements ...T) []T {
	for _, e := range elements {
		if !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return list
}
