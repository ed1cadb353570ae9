package mcp

import (
	"context"

	"github.com/tandem-go/tandem"
)

// invoke carries out the call. Its handler can speak to the caller of x
// meanwhile: report progress, log, and ask. In the modern era the error can be a
// *tandem.Pending, or a *rpcError: see [Door.interim].
func (d *Door) invoke(ctx context.Context, call *tandem.Call, x *exchange) (tandem.Result, error) {
	var r tandem.Resume
	var err error
	if x.modern() {
		r, err = x.resume()
	}
	if err != nil {
		return tandem.Result{}, err
	}
	ctx, stop, err := d.converse(ctx, x, call.Operation)
	if err != nil {
		return tandem.Result{}, err
	}
	defer stop()
	if !x.modern() {
		if a := d.askerOf(x); a != nil {
			ctx = tandem.WithAsker(ctx, a)
		}
		return call.Operation.Invoke(ctx, call)
	}
	return invokeModern(ctx, call, x, r)
}

// invokeModern carries out a call without a session, which begins anew with each
// round of answers.
func invokeModern(ctx context.Context, call *tandem.Call, x *exchange, r tandem.Resume) (result tandem.Result, err error) {
	if x.asks() {
		result, err = call.Operation.InvokeResumable(ctx, call, r)
	} else {
		result, err = call.Operation.Invoke(ctx, call)
	}
	if err != nil {
		if fault := modernFault(err); fault != nil {
			err = fault
		}
	}
	return result, err
}

// converse returns a context whose progress and log messages go to the caller who
// wants them, until stop is called. The error is a *rpcError.
func (d *Door) converse(ctx context.Context, x *exchange, op *tandem.Registered) (_ context.Context, stop func(), err error) {
	stop = func() {}
	least, wants, err := x.logLevel()
	if err != nil {
		return ctx, stop, err
	}
	if x.wantsProgress() {
		if !x.modern() || !op.Asks { // else the status may have to say that the caller cannot be asked
			x.out.open()
		}
		p := &progress{token: x.msg.params.meta.progressToken, notify: x.out.notify}
		ctx, stop = tandem.WithProgress(ctx, p.report), p.stop
	}
	if wants && x.out != nil {
		t := &talk{least: least, notify: x.out.notify}
		before := stop
		ctx, stop = tandem.WithLog(ctx, t.tell), func() { before(); t.stop() }
	}
	return ctx, stop, nil
}

// wantsProgress reports whether progress can and should be told.
func (x *exchange) wantsProgress() bool {
	return x.out != nil && isToken(x.msg.params.meta.progressToken)
}
