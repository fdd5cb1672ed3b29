package cache

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/netspace"
)

// flush4 forgets everything that IPv4 has learned, by being written to.
const flush4 = "/proc/sys/net/ipv4/route/flush"

// ErrOneOfIPv4 says that the kernel can't delete an IPv4 entry alone.
var ErrOneOfIPv4 = errors.New("the kernel can't delete what it has learned about one IPv4 address, only about all of them")

// Flush deletes what List found in a namespace: IPv6 entries one by one, and IPv4 entries all
// together, also those that no list shows. It takes CAP_NET_ADMIN, for IPv4 root.
func Flush(space *netspace.Space, q Query, entries []Entry) error {
	if q.Destination.Is4() {
		return ErrOneOfIPv4
	}
	return space.Do(func() error {
		if q.has6() {
			if err := delete6(entries); err != nil {
				return err
			}
		}
		if q.has4() {
			return forget4()
		}
		return nil
	})
}

func delete6(entries []Entry) error {
	k, err := openKernel()
	if err != nil {
		return err
	}
	defer k.close()
	for _, e := range entries {
		if !e.Destination.Is6() {
			continue
		}
		if err := k.delete(e); errors.Is(err, unix.EPERM) {
			return fmt.Errorf("delete %v: CAP_NET_ADMIN is missing; run this as root", e.Destination)
		} else if err != nil {
			return fmt.Errorf("delete %v: %w", e.Destination, err)
		}
	}
	return nil
}

func forget4() error {
	err := os.WriteFile(flush4, []byte("1"), 0)
	if errors.Is(err, os.ErrPermission) {
		return errors.New("delete IPv4 entries: only root may write to " + flush4 + "; run this as root")
	}
	return err
}
