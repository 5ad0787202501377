# Wakes something bigger when someone speaks: prints when speech begins and ends.
#   mpremote run device/vad.py
import liquid_audio

net = liquid_audio.LNN.load("models/keywords.lnn")
net.set_adaptive_config(min_timestep=0.02, max_timestep=0.1, energy_threshold=0.002, complexity="spectral_flux")
audio = bytearray(640)
speaking = False

with liquid_audio.Mic(rate=net.sample_rate) as mic:
    while mic.readinto(audio) * 2 == len(audio):
        if net.detect_activity(audio).is_speech != speaking:
            speaking = not speaking
            print("%.2f s" % (net.counters()["samples"] / net.sample_rate), "speech" if speaking else "quiet")
