"""The contract of a lab backend: terminals."""

import asyncio
import hashlib
import random

import pytest

from backends.base import BackendUnavailable
from tests.backends.conftest import Screen, look, output

pytestmark = [pytest.mark.long, pytest.mark.anyio, pytest.mark.usefixtures("leaving")]


async def test_what_is_typed_is_done(backend, lab):
    screen = await look(backend, lab)

    await screen.type("echo $((6 * 7)) things\r")

    await screen.see(r"^42 things$")
    await screen.terminal.close()


async def test_size_of_the_screen_is_the_viewers(backend, lab):
    screen = await look(backend, lab, columns=101, rows=33)

    await screen.type("stty size\r")
    await screen.see(r"^33 101$")
    await screen.terminal.resize(57, 19)
    await screen.type("stty size\r")

    await screen.see(r"^19 57$")


async def test_shell_has_job_control_and_a_terminal(backend, lab):
    screen = await look(backend, lab)

    await screen.type("sleep 300\r")
    await screen.see("sleep 300")
    # Typed once the program has the terminal: the shell would take it before.
    await asyncio.to_thread(output, backend, lab, "while ! pgrep -x sleep; do :; done")
    await screen.type("\x1a")
    await screen.see("Stopped")
    await screen.type("kill %1; tty && echo works > /dev/tty\r")

    await screen.see(r"^works$")
    assert "no job control" not in screen.text


async def test_any_byte_goes_both_ways(backend, lab):
    screen = await look(backend, lab)
    every = bytes(range(256))

    await screen.type("stty raw -echo; echo go; head -c 256 > bytes; stty sane; echo done\r")
    await screen.see(r"^go$")
    await screen.type(every)
    await screen.see("done$")
    await screen.type("clear; cat bytes; echo; echo end\\ of bytes\r")
    await screen.see("end of bytes$")

    kept = await asyncio.to_thread(output, backend, lab, "sha256sum < bytes")
    assert kept.split()[0] == hashlib.sha256(every).hexdigest()
    # The terminal writes a line feed as two characters; all else comes as it is.
    assert every.replace(b"\n", b"\r\n") in screen.raw


async def test_two_viewers_see_the_same_shell(backend, lab):
    one, two = await look(backend, lab), await look(backend, lab)

    await one.type("echo from the $((1))st\r")
    await two.see(r"^from the 1st$")
    await two.type("echo from the $((2))nd\r")
    await one.see(r"^from the 2nd$")
    await one.terminal.close()
    await two.type("echo still $((3))\r")

    await two.see(r"^still 3$")


async def test_coming_back_finds_the_same_shell_and_what_was_on_the_screen(make_backend, lab):
    screen = await look(make_backend(), lab)
    await screen.type("echo shell=$$; cd /usr; KEPT=yes\r")
    shell = (await screen.see(r"^shell=(\d+)$"))[1]
    await screen.terminal.close()

    back = Screen(await make_backend().attach(lab.job_id, columns=80, rows=24))
    await back.see(f"^shell={shell}$")
    await back.type("echo again=$$ $PWD $KEPT\r")

    await back.see(f"^again={shell} /usr yes$")


async def test_output_of_nobody_watching_is_kept(backend, lab):
    screen = await look(backend, lab)
    await screen.type("while ! [ -e go ]; do :; done; seq 1 2000; echo all $((1))\r")
    await screen.see("echo all")
    await screen.terminal.close()
    await asyncio.to_thread(output, backend, lab, "touch go; while ! [ -e seen ]; do sleep 0.1; touch seen; done")

    back = Screen(await backend.attach(lab.job_id, columns=80, rows=24))

    await back.see(r"^all 1$")
    assert "\n1999\n2000\n" in back.text


async def test_replay_is_bounded_and_begins_with_a_line(backend, lab):
    screen = await look(backend, lab)
    await screen.type("seq -f 'line %.0f.' 1 100000; echo all $((1))\r")
    await screen.see(r"^all 1$")

    back = Screen(await backend.attach(lab.job_id, columns=80, rows=24))
    await back.see(r"^all 1$")

    assert len(back.raw) < 600_000
    assert back.text.startswith("line ")


async def test_replay_asks_the_terminal_nothing(backend, lab):
    screen = await look(backend, lab)
    await screen.type(r"printf 'a\033[6nb\033[cc\033]11;?\007d\033[0me\n'" + "\r")
    await screen.see(r"^abcde$")

    back = Screen(await backend.attach(lab.job_id, columns=80, rows=24))
    await back.see(r"^abcde$")

    # Who is there is asked; who comes later would type a second answer into the shell.
    assert b"\x1b[6n" in screen.raw
    assert b"\x1b[6n" not in back.raw
    assert b"\x1b[c" not in back.raw
    assert b"\x1b]11" not in back.raw
    assert b"\x1b[0m" in back.raw


async def test_big_pastes_arrive_whole(backend, lab):
    text = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz", k=400_000))
    lines = "".join(f"{text[i : i + 100]}\n" for i in range(0, len(text), 100))
    screen = await look(backend, lab)
    await screen.type("stty -echo; echo ready; cat > pasted; stty echo; echo read\r")
    await screen.see(r"^ready$")

    async def paste():
        for start in range(0, len(lines), 50_000):
            await screen.type(lines[start : start + 50_000])
        await screen.type("\x04")

    await asyncio.gather(paste(), screen.see(r"^read$"))

    kept = await asyncio.to_thread(output, backend, lab, "sha256sum < pasted")
    assert kept.split()[0] == hashlib.sha256(lines.encode()).hexdigest()


async def test_paste_into_a_busy_shell_doesnt_wedge_it(backend, lab):
    screen = await look(backend, lab)
    await screen.type("sleep 1\r")

    async def paste():
        for _ in range(40):
            await screen.type(f": {'x' * 76}\r" * 50)
        await screen.type("echo still $((1))\r")

    # Raw, echoed and executed: input and output wait for each other in a holder that blocks.
    await asyncio.gather(paste(), screen.see(r"^still 1$", within=90))


async def test_slow_viewer_slows_the_lab_down_and_misses_nothing(backend, lab):
    screen = await look(backend, lab)
    await screen.type("clear; seq 1 150000; echo all $((1))\r")
    await asyncio.sleep(0.5)  # the lab fills what there is to fill meanwhile

    await screen.see(r"^all 1$", within=60)

    numbers = [int(line) for line in screen.text.splitlines() if line.isdigit()]
    assert numbers[-150_000:] == list(range(1, 150_001))


async def test_ctrl_c_ends_endless_output(backend, lab):
    screen = await look(backend, lab)
    await screen.type("yes\r")
    await screen.see("y\ny\ny\n")

    await screen.type("\x03")
    await screen.type("echo over $((1))\r")

    await screen.see(r"^over 1$", within=60)


async def test_exit_gives_a_new_shell(backend, lab):
    screen = await look(backend, lab)
    await screen.type("echo shell=$$; exit\r")
    first = (await screen.see(r"^shell=(\d+)$"))[1]

    await screen.type("echo next=$$\r")

    assert (await screen.see(r"^next=(\d+)$"))[1] != first
    assert backend.status(lab.job_id).state == "running"


async def test_terminal_ends_with_the_lab(backend, lab):
    screen = await look(backend, lab)

    await asyncio.to_thread(backend.stop, lab.job_id)

    await screen.end()
    await screen.type("nobody hears this")
    await screen.terminal.close()
    with pytest.raises(BackendUnavailable):
        await backend.attach(lab.job_id, columns=80, rows=24)


async def test_absurd_sizes_are_bounded(backend, lab):
    screen = await look(backend, lab)

    await screen.terminal.resize(0, 10**9)
    await screen.type("stty size\r")

    await screen.see(r"^1000 2$|1000")


async def test_a_port_of_the_lab_is_reached_and_an_empty_one_is_not(backend, lab):
    serve = "python3 -c \"import socket; s = socket.create_server(('127.0.0.1', 8123)); print('up', flush=True)\n"
    serve += 'while True:\n c, _ = s.accept(); c.sendall(c.recv(100)[::-1]); c.close()"'
    screen = await look(backend, lab)
    await screen.type(serve.replace("\n", "\r") + "\r")
    await screen.see(r"^up$")

    stream = await backend.connect(lab.job_id, 8123)
    await stream.write(b"\x00desrever")

    assert await stream.read() == b"reversed\x00"
    assert await stream.read() == b""
    await stream.close()
    with pytest.raises(BackendUnavailable):
        await backend.connect(lab.job_id, 8124)


async def test_a_connection_that_a_server_holds_open_can_be_left(backend, lab):
    serve = "python3 -c \"import socket, time; s = socket.create_server(('127.0.0.1', 8125)); print('up', flush=True)\r"
    screen = await look(backend, lab)
    await screen.type(serve + 'c, _ = s.accept(); time.sleep(600)"\r')
    await screen.see(r"^up$")
    stream = await backend.connect(lab.job_id, 8125)

    async with asyncio.timeout(60):
        await stream.close()
