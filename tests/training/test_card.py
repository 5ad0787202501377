"""What a card says of data and networks."""

from liquid_audio_nets.training.loop.provenance import provenance


def test_a_card_claims_known_data_only(tmp_path):
    for name in ("speech_commands", "digits", "my_words"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "mine" / name).mkdir(parents=True)
    (tmp_path / "mine/speech_commands").rmdir()
    data, licence = provenance(tmp_path / "all", synthetic=True)
    assert (
        "Google Speech Commands" in data
        and "Spoken Digit" in data
        and "espeak-ng" in data
        and "CC BY-SA 4.0" in licence
    )
    data, licence = provenance(tmp_path / "mine", synthetic=False)
    assert data == "recordings in the folder mine." and "state it" in licence
    assert "Speech Commands" in provenance(tmp_path / "all/speech_commands", False)[0]
