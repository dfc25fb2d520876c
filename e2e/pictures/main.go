// Command pictures makes the pictures of docs/: it lets the towline program open real pull
// requests at a real Gitea and at our own forge, and has a browser look at them.
//
//	pictures FOLDER
//
// It needs Chromium, by the path in CHROMIUM or as "chromium".
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pictures FOLDER")
		os.Exit(2) //nolint:gocritic // nothing has begun
	}
	if err := run(ctx, os.Stdout, os.Stderr, os.Args[1]); err != nil {
		fmt.Fprintf(os.Stderr, "pictures: %v\n", err)
		stop()
		os.Exit(1)
	}
}
