package line_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := sideBySide(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(testbed.Main(m))
}

// sideBySide lets more tests run at a time than there are processors, unless the
// command line says how many: half of them wait out an outage of 30 seconds.
func sideBySide() error {
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if chosen {
		return nil
	}
	return flag.Set("test.parallel", "16")
}
