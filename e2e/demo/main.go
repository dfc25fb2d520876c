// Command demo shows Towline's whole line on real parts: a registry, a forge with a
// real Git repository, a Kubernetes control plane, and the towline binary's two
// halves. It publishes a version, merges the pull request that the bot opens, watches
// the rollout, deletes a Deployment and shows the heal. It exits 1 if any step fails.
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
	c := config{out: os.Stdout, kubeconfig: os.Getenv("DEMO_KUBECONFIG"), keep: os.Getenv("KEEP") != ""}
	if err := run(ctx, c); err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}
