package testbed

import "context"

// TB is what of testing.TB the testbed needs. It is declared here so that the
// demo, which uses the same servers, isn't linked with package testing.
type TB interface {
	Helper()
	Name() string
	Cleanup(func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Context() context.Context
}

// Runner is what of *testing.M Main needs.
type Runner interface{ Run() int }

// Main runs the tests of a package, ends the servers that they shared, and
// returns the status to exit with.
func Main(m Runner) int {
	defer shared.stop()
	return m.Run()
}

// stopAfter ends a server with the test.
func stopAfter(tb TB, name string, s stopper) {
	tb.Helper()
	tb.Cleanup(func() {
		if err := s.Stop(); err != nil {
			tb.Logf("stopping %s: %v", name, err)
		}
	})
}
