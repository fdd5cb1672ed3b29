package hostcheck

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/hostnet"
)

// packetSockets is the kernel's list of the packet sockets of a network namespace.
const packetSockets = "/proc/thread-self/net/packet"

// daemonName is what daemons that send copies are called, the original one too.
const daemonName = "pmtud"

// senders looks for other daemons that send on the interfaces of a stage: then each
// message goes out once more.
func (c *checker) senders(n pipeline.Needs) {
	if len(n.Emits) == 0 {
		return
	}
	for _, name := range n.Interfaces {
		c.once("other senders on "+name, func() []Finding { return otherSenders(name) })
	}
}

// otherSenders returns a finding if a process that is called pmtud has a packet socket
// on the interface, or may have one that this process can't see.
func otherSenders(name string) []Finding {
	ifi, err := hostnet.Find(name)
	if err != nil || ifi == nil {
		return nil // which is found elsewhere
	}
	sockets, err := packetSocketsOn(ifi.Index)
	if err != nil || len(sockets) == 0 {
		return nil
	}
	sure, unsure := daemons(sockets)
	switch {
	case len(sure) > 0:
		return one(Finding{
			Level: Warning, State: "exist: pmtud has packet sockets there as " + processes(sure) + "; with another daemon each message is sent once more",
			Advice: "stop all but one; ignore this if it is the daemon that this configuration is for",
		})
	case len(unsure) > 0:
		return one(Finding{
			Level: Warning, State: "may exist: unknown processes have packet sockets there, and pmtud runs as " + processes(unsure),
			Advice: "run this as root to see whose they are",
		})
	}
	return nil
}

func processes(pids []int) string {
	if len(pids) == 1 {
		return fmt.Sprintf("process %d", pids[0])
	}
	text := strings.Trim(fmt.Sprint(pids), "[]")
	return "processes " + strings.ReplaceAll(text, " ", ", ")
}

// packetSocketsOn returns the inodes of the packet sockets that are bound to an
// interface (net/packet/af_packet.c, packet_seq_show).
func packetSocketsOn(index int) (inodes []string, err error) {
	f, err := os.Open(packetSockets)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const iface, inode = 4, 8 // columns
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > inode && fields[iface] == strconv.Itoa(index) {
			inodes = append(inodes, fields[inode])
		}
	}
	return inodes, nil
}

// daemons returns the processes called pmtud that have one of the sockets, and those of
// which it can't be seen.
func daemons(inodes []string) (sure, unsure []int) {
	folders, _ := filepath.Glob("/proc/[0-9]*") // the pattern is right
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil || pid == os.Getpid() || !isDaemon(folder) {
			continue
		}
		switch has, err := hasSocket(folder, inodes); {
		case err != nil:
			unsure = append(unsure, pid)
		case has:
			sure = append(sure, pid)
		}
	}
	return sure, unsure
}

// isDaemon reports whether a process is called as the daemon is, by its first argument
// or its own name.
func isDaemon(folder string) bool {
	comm, _ := os.ReadFile(filepath.Join(folder, "comm"))
	arguments, _ := os.ReadFile(filepath.Join(folder, "cmdline"))
	first, _, _ := strings.Cut(string(arguments), "\x00")
	return strings.TrimSpace(string(comm)) == daemonName || filepath.Base(first) == daemonName
}

func hasSocket(folder string, inodes []string) (bool, error) {
	descriptors, err := os.ReadDir(filepath.Join(folder, "fd"))
	for _, d := range descriptors {
		target, err := os.Readlink(filepath.Join(folder, "fd", d.Name()))
		if inode, ok := strings.CutPrefix(target, "socket:["); err == nil && ok && slices.Contains(inodes, strings.TrimSuffix(inode, "]")) {
			return true, nil
		}
	}
	return false, err
}

// Senders returns the processes called pmtud that have packet sockets on an interface, as far
// as this process may see them.
func Senders(name string) []int {
	ifi, err := hostnet.Find(name)
	if err != nil || ifi == nil {
		return nil
	}
	sockets, err := packetSocketsOn(ifi.Index)
	if err != nil || len(sockets) == 0 {
		return nil
	}
	sure, _ := daemons(sockets)
	return sure
}
