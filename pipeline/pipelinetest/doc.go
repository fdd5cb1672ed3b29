// Package pipelinetest has the tests that every plugin of a pipeline must pass,
// and packets to test with.
//
// A plugin's own test calls the one for its kind:
//
//	func TestPlugin(t *testing.T) {
//		pipelinetest.TestFilter(t, minttl.Plugin(), &minttl.Settings{Min: 64})
//	}
//
// They check the contract that is written at pipeline's interfaces: a declaration
// that tools can use, building without side effects, only declared reasons, no
// panic on hostile packets, borrowed bytes neither changed nor kept (they are
// taken away after each call), decisions that depend on packets alone, limiters that
// take nothing before they are charged, no allocation on the hot path (of a sink that does
// not say that it allocates), metrics and health that may be asked for at any time (under
// -race), and nothing left open at the end.
package pipelinetest
