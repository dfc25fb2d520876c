// Package reconciler makes a cluster equal to what stands in Git: it watches
// Syncs, pulls the repository that each names, renders it, applies it, prunes
// what left it, heals drift, waits for health, and says on the Sync and on the
// commit how it went.
//
// # How a Sync is worked on
//
// One Sync is worked on by one goroutine at a time, several Syncs side by side.
// Nothing that waits on a network outside the cluster happens there: repositories
// are polled by source.go, health is waited for by wait.go, commit statuses are
// delivered by report.go. Each of them wakes the Sync when there is news, so that
// a newer revision or a drifted object never queues behind a wait.
//
// What was found is kept in memory (state.go) and written to the Sync's status
// when it changes, never otherwise. All of it can be found out again after a
// restart: from Git, the cluster and the inventory.
//
// # Where to look
//
//   - run.go wires the parts, controller.go and reconcile.go take one look at one Sync;
//     state.go is what is remembered between two looks.
//   - source*.go poll repositories, once for all Syncs of one; credentials.go, secretkeys.go
//     and verify.go say by whose keys; snapshot.go is what a Sync sees of it.
//   - attempt.go decides whether there is anything to do; course.go goes through it: build.go
//     with inputs.go and readings.go, set.go, steps.go, prune.go, outcome.go.
//   - elsewhere.go tells what other Syncs want of what is to be pruned: roster.go knows who
//     is there, wants.go what they want.
//   - heal.go and resave.go are for drift, wait.go and progress.go for health, linger.go for
//     what finalizers hold, recall.go for a start, finalize.go and abandon.go for the end.
//   - status.go, tell.go, announce.go, report.go and metrics.go say how it went.
//   - bounded.go, fence.go, informer.go and outage.go stand between it and the API server.
//
// # What it refuses
//
// It prunes nothing unless a build succeeded, gave at least one object, and was
// applied whole. It applies as the Sync's ServiceAccount and never falls back to
// its own rights. It reads no Secret but those that a Sync names, and watches none.
// It knows nothing of registries, policies or pull requests: the bot and it meet
// in Git only.
package reconciler
