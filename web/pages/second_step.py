"""The second step of signing in, for members who have a second factor. The first one proved password or link."""

from dataclasses import dataclass

from aiohttp import web

from storage.database import Transaction
from storage.members import Person, get_person
from storage.records import Challenge
from storage.second_factors import (
    claim_attempt,
    claim_recovery_code,
    claim_step,
    delete_challenge,
    get_factors,
    insert_challenge,
    update_sign_count,
)
from web.keys import CONTEXT
from web.limits import spend_second_step
from web.one_time_codes import find_step, plain_recovery_code
from web.pages.session import Visit, open_session, page, show
from web.security_keys import Party, ask_to_sign, check_signed, party_of, script_of
from web.tokens import hash_token, new_token

STEP_MS = 10 * 60 * 1000
SIGN_IN = "sign_in"

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody shows: a code, or a key's answer to the token. Without a party, keys are of no use."""

    code: str
    answer: str
    token: str
    party: Party | None


async def admit(request: web.Request, visit: Visit, person: Person, back: str) -> web.StreamResponse:
    """Sign somebody in whose first step was right, or ask for the second. `back` is a path of ours."""
    ctx = request.app[CONTEXT]
    if not (await ctx.db.read(lambda tx: get_factors(tx, person.actor.id))).any:
        return await open_session(request, person, back)
    token = await begin(request, person.actor.id, SIGN_IN, back)
    return await _ask(request, visit, person.actor.id, token)


async def begin(request: web.Request, actor_id: int, purpose: str, data: str) -> str:
    """Record what somebody has to end within ten minutes; answers the token that the form carries."""
    ctx, token = request.app[CONTEXT], new_token()
    now = ctx.now()
    made = Challenge(hash_token(token), actor_id, purpose, data, 0, now + STEP_MS)
    await ctx.db.transact(lambda tx: insert_challenge(tx, made, now=now))
    return token


@routes.post("/auth/second_step")
@page
async def take_proof(request: web.Request, visit: Visit) -> web.StreamResponse:
    """A code, or what a security key signed: it was asked to sign the token of the form."""
    token = visit.form.text("token") or ""
    ctx = request.app[CONTEXT]
    hashed, now = hash_token(token), ctx.now()
    begun = await ctx.db.transact(lambda tx: claim_attempt(tx, hashed, SIGN_IN, now=now))
    if begun is None or spend_second_step(request, begun.actor_id).exceeded:
        return show(request, visit, "second_step.html", status=403, token="", problem="over")
    proof = Proof(visit.form.text("code") or "", visit.form.text("answer") or "", token, party_of(ctx.origin))
    person = await ctx.db.transact(lambda tx: _check(tx, begun, proof, now))
    if person is None:
        return await _ask(request, visit, begun.actor_id, token, problem="wrong")
    return await open_session(request, person, begun.data)


async def _check(tx: Transaction, begun: Challenge, proof: Proof, now: int) -> Person | None:
    """Who signs in by this proof, which is good no more."""
    person = await get_person(tx, begun.actor_id)
    if person is None or not person.enabled or not await _claim(tx, person.actor.id, proof, now):
        return None
    await delete_challenge(tx, begun.hash)
    return person


async def _claim(tx: Transaction, actor_id: int, proof: Proof, now: int) -> bool:
    """A key's signature, a code of the app, or a recovery code: people are not asked which code it is."""
    factors = await get_factors(tx, actor_id)
    if proof.answer and proof.party:
        signed = check_signed(proof.party, proof.answer, proof.token, factors.keys)
        if signed is not None:
            await update_sign_count(tx, signed.key_id, signed.sign_count)
        return signed is not None
    authenticator = factors.authenticator
    step = find_step(authenticator.secret, proof.code, now=now) if authenticator else None
    if step is not None:
        return await claim_step(tx, actor_id, step)
    return await claim_recovery_code(tx, actor_id, hash_token(plain_recovery_code(proof.code)))


async def _ask(request: web.Request, visit: Visit, actor_id: int, token: str, *, problem: str = "") -> web.Response:
    ctx = request.app[CONTEXT]
    factors, party = await ctx.db.read(lambda tx: get_factors(tx, actor_id)), party_of(ctx.origin)
    options = ask_to_sign(party, token, factors.keys) if party and factors.keys else ""
    return show(
        request,
        visit,
        "second_step.html",
        status=422 if problem else 200,
        script=script_of(ctx.origin) if options else "",
        token=token,
        problem=problem,
        options=options,
        app=factors.authenticator is not None,
    )
