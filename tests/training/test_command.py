"""liquid-train as a user meets it."""

from types import SimpleNamespace

import pytest

from liquid_audio_nets.cli.train import app


@pytest.fixture
def train(monkeypatch, capsys):
    """Runs the command in this process: exit code, stdout, stderr."""
    def command(*arguments):
        monkeypatch.setattr("sys.argv", ["liquid-train", *map(str, arguments)])
        code = 0
        try:
            app()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return SimpleNamespace(returncode=int(code), stdout=out, stderr=err)

    return command


def test_help_has_examples(train):
    done = train("keywords", "--help")
    assert done.returncode == 0 and "liquid-train keywords --data" in done.stdout


def test_a_run_from_a_folder_to_a_model_and_again(train, words, tmp_path):
    arguments = ("keywords", "--data", words, "--out", tmp_path / "run", "--labels", "yes,no,_unknown_,_silence_", "--hidden", "8",
                 "--epochs", 1, "--epoch-steps", 4, "--batch", 8, "--synthetic", 0)
    done = train(*arguments)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "keywords.lnn").exists() and done.stdout.strip().endswith("keywords.lnn")
    again = train(*arguments)
    assert again.returncode == 0 and "resuming at step 4" in again.stderr


@pytest.mark.parametrize("change, sentence", [
    (("--data", "/nowhere"), "no such folder"),
    (("--hidden", "a,b"), "one to four numbers"),
    (("--labels", "yes,maybe,_unknown_"), "'maybe'"),
])
def test_mistakes_are_one_sentence_and_exit_2(train, words, tmp_path, change, sentence):
    arguments = {"--data": words, "--out": tmp_path, "--labels": "yes,no,_unknown_,_silence_", "--synthetic": 0} | {change[0]: change[1]}
    done = train("keywords", *(x for pair in arguments.items() for x in pair))
    assert done.returncode == 2 and sentence in " ".join(done.stderr.split()) and "Traceback" not in done.stderr
