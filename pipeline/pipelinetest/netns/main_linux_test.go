package netns_test

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// role is the environment variable that makes the test binary behave as one of
// the small programs below, so that tests can start them.
const role = "NETNS_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
	case "print namespace":
		fmt.Print(currentNamespace())
		return
	case "status 7":
		os.Exit(netns.Run(func() int { return 7 }))
	case "wait for SIGTERM":
		os.Exit(netns.Run(waitForSIGTERM))
	case "forbidden":
		forbidNamespaces()
	}
	netns.Main(m)
}

// currentNamespace names the network namespace of the process's first thread.
func currentNamespace() string {
	name, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		panic(err)
	}
	return name
}

func waitForSIGTERM() int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	fmt.Println("waiting")
	<-signals
	return 9
}

// forbidNamespaces makes the limits of the user namespace that the process is in
// those of a system that forbids namespaces. It must be in one of its own.
func forbidNamespaces() {
	for _, limit := range []string{"max_user_namespaces", "max_net_namespaces"} {
		if err := os.WriteFile("/proc/sys/user/"+limit, []byte("0"), 0); err != nil {
			panic(err)
		}
	}
}
