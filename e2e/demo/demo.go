package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// config is what the caller may choose.
type config struct {
	out        io.Writer
	kubeconfig string // of an existing cluster; "" starts one
	keep       bool   // leave everything running until interrupted
}

const (
	image        = "hello" // its repository in the registry
	oldVersion   = "1.0.0"
	newVersion   = "1.1.0"
	stepTimeout  = 60 * time.Second
	repoOwner    = "acme"
	repoName     = "deploy"
	branch       = "main"
	demoSync     = "hello"
	demoPath     = "plain"
	demoWorkload = "hello"
)

// run goes through the steps; each prints what it does as it happens.
func run(ctx context.Context, c config) (err error) {
	dir, err := os.MkdirTemp("", "towline-demo-")
	if err != nil {
		return err
	}
	n := &narrator{out: c.out, began: time.Now()}
	stage, err := setUp(ctx, c, n, dir)
	defer func() { err = errors.Join(err, stage.tearDown(), os.RemoveAll(dir)) }()
	if err != nil {
		return stage.explain(err)
	}
	t, err := stage.play(ctx, n)
	if err != nil {
		return stage.explain(err)
	}
	t.print(c.out)
	say(c.out, "\n  forge     %s/%s/%s\n  registry  %s\n", stage.forgeURL, repoOwner, repoName, stage.registry.Host())
	if !c.keep {
		return nil
	}
	say(c.out, "\n  kubectl --kubeconfig %s get syncs,deployments,pods -A\n\nEverything is running; press Ctrl-C to stop it.\n", stage.kubeconfig)
	<-ctx.Done()
	return nil
}

// play is the story: publish, propose, merge, apply, break, heal.
func (s *stage) play(ctx context.Context, n *narrator) (*timeline, error) {
	t := &timeline{}

	n.step("publishing %s:%s to the registry", image, newVersion)
	if err := s.publish(newVersion); err != nil {
		return nil, err
	}
	published := time.Now()

	n.step("waiting for the bot")
	pr, opened, err := s.pullRequest(ctx)
	if err != nil {
		return nil, err
	}
	seen, err := s.tagSeen()
	if err != nil {
		return nil, err
	}
	t.add("tag seen", published, seen)
	t.add("pull request opened", published, opened)
	n.note("pull request #%d: %s", pr.Number, pr.Title)
	n.note("%s", pr.URL)
	diff, err := s.diff(ctx, pr)
	if err != nil {
		return nil, err
	}
	n.quote(diff)

	n.step("merging the pull request")
	merged := time.Now()
	revision, err := s.merge(ctx, pr)
	if err != nil {
		return nil, err
	}
	t.add("merged", merged, time.Now())
	n.note("main is at %.8s", revision)

	n.step("waiting for the reconciler")
	applied, err := s.applied(ctx, revision)
	if err != nil {
		return nil, err
	}
	t.add("applied", merged, applied)
	n.note("the Sync has applied %.8s", revision)
	healthy, err := s.healthy(ctx, revision)
	if err != nil {
		return nil, err
	}
	t.add("healthy", merged, healthy)
	running, err := s.runningImage(ctx)
	if err != nil {
		return nil, err
	}
	n.note("the Deployment runs %s", running)
	status, err := s.commitStatus(ctx, revision)
	if err != nil {
		return nil, err
	}
	n.note("the commit has the status %s", status)

	n.step("deleting the Deployment by hand")
	deleted, healed, err := s.deleteAndWatch(ctx)
	if err != nil {
		return nil, err
	}
	t.add("drift healed", deleted, healed)
	n.note("the Deployment is back")
	return t, nil
}
