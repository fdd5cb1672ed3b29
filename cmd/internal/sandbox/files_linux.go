package sandbox

import (
	"fmt"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Rights to files (linux/landlock.h).
const (
	reading landlock.AccessFSSet = llsys.AccessFSReadFile | llsys.AccessFSReadDir
	writing                      = reading | llsys.AccessFSWriteFile | llsys.AccessFSTruncate |
		llsys.AccessFSMakeReg | llsys.AccessFSRemoveFile
)

// confineFiles restricts files and TCP ports to those of the plan, as far as the
// kernel's Landlock knows how to, and returns its name and version. The fifth
// version is enough: the sixth would cut off a notification socket of systemd's.
func confineFiles(p Plan) (string, error) {
	version, err := llsys.LandlockGetABIVersion()
	if err != nil || version < 1 {
		return "", fmt.Errorf("the kernel has no Landlock")
	}
	rules := []landlock.Rule{
		landlock.PathAccess(reading, p.Read...).IgnoreIfMissing(),
		landlock.PathAccess(writing, p.Write...).IgnoreIfMissing(),
	}
	for _, port := range p.Listen {
		rules = append(rules, landlock.BindTCP(port))
	}
	for _, port := range p.Connect {
		rules = append(rules, landlock.ConnectTCP(port))
	}
	if err := landlock.V5.BestEffort().Restrict(rules...); err != nil {
		return "", err
	}
	return fmt.Sprintf("landlock %d", min(version, 5)), nil
}
