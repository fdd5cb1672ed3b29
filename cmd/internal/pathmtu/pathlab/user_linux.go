package pathlab

import (
	"os/exec"
	"syscall"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// userID is that of an ordinary user.
const userID = 1000

// StartAsUser starts a command in the namespace as an ordinary user, who has no rights there.
func StartAsUser(ns *netns.NS, c *exec.Cmd) error {
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: userID, HostID: 0, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: userID, HostID: 0, Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	return ns.Start(c)
}
